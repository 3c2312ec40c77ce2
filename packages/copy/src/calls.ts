/** What the calls of a copy take and give. */
import type { ProgressCallback } from "@dtuf/registry";
import type { OpenRepositoryOptions } from "@dtuf/registry/repository";
import type { Limits, TargetPath } from "@dtuf/tuf";
import type { PinOffer } from "./refresh/anchor.ts";
import type { CopyEvent } from "./events.ts";
import type { Deadlines } from "./refresh/deadline.ts";
import type { PinInfo } from "./refresh/pin.ts";
import type { RefreshMode } from "./refresh/pull-metadata.ts";
import type { StateOutcome, StateRequirement } from "./state/cache-directory.ts";
import type { Source, TargetInfo } from "./sources/source.ts";

/** What a copy is made of: where its repository is, in one of two ways, and its state. */
export type CopyOptions = CopySettings & (CopyRepository | CopySource);

/** The repository by its name. Clock, chance, transport and credentials have defaults and can be given. */
export interface CopyRepository extends OpenRepositoryOptions {
  /** `host[:port]/repository` of a registry, `oci:DIR`, or the `https://` URL of a plain TUF repository's metadata. */
  readonly repository: string;
  readonly source?: undefined;
}

/** A source that the program made. */
export interface CopySource {
  readonly source: Source;
  /** Where the source is, recorded in the state for people. Trust does not depend on it: a copy may move to a mirror. */
  readonly place: string;
}

export interface CopySettings {
  /** The state: `…/<repo>/copy`. */
  readonly directory: string;
  /**
   * The root.json that was shipped with the program, or a chain of roots. It is pinned if nothing is pinned yet; a pin that
   * is there stays as it is.
   */
  readonly root?: Uint8Array | undefined;
  /** Read once for each call. Default: the system's clock. */
  readonly now?: (() => Date) | undefined;
  /** A moment that is surely past, such as the build date of the program: an earlier clock is suspect. */
  readonly knownPast?: Date | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** How long a site may take for its metadata. A site that takes longer is passed over. */
  readonly deadlines?: Partial<Deadlines> | undefined;
  /** Where another process is refreshing the same state. Default "wait". */
  readonly lock?: "wait" | "fail" | undefined;
  /**
   * What happens if the state should be written and cannot be. "best-effort" (default): the call goes on, holds the state in
   * memory, emits "state-not-kept", and the result says `state: "not-kept"`. "required": the call is refused with
   * COPY_STATE_NOT_KEPT.
   */
  readonly state?: StateRequirement | undefined;
  /** What it throws ends the call. */
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}

/** What `pin` made the anchor. */
export interface PinResult extends PinInfo {
  readonly state: StateOutcome;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default "online". */
  readonly mode?: RefreshMode | undefined;
  /** What it throws ends the call. Names are roles and target paths; totals are the signed lengths. */
  readonly onProgress?: ProgressCallback | undefined;
}

export interface PullMetadataOptions extends CallOptions {
  readonly pin?: PinOffer | undefined;
  /** Take a pin of another chain too, and drop the cached metadata. Default false: it is refused. */
  readonly replace?: boolean | undefined;
  /** Whether `updatedTargets` looks into delegated roles, hash bins apart. Default "follow". */
  readonly delegations?: "follow" | "skip" | undefined;
}

export interface RefreshResult {
  /**
   * "fresh": newer metadata was accepted. "unchanged": the source has nothing newer. "stale-but-valid": nobody was
   * asked; the cached metadata has not expired.
   */
  readonly status: "fresh" | "unchanged" | "stale-but-valid";
  readonly state: StateOutcome;
  /** Targets whose content differs from what was last pulled here, those never pulled included. */
  readonly updatedTargets: readonly TargetPath[];
  /** By role: the top-level roles, and the delegated ones that are loaded. */
  readonly expirations: ReadonlyMap<string, Date>;
  readonly versions: ReadonlyMap<string, number>;
  readonly pin: PinInfo;
  /** The anchor before this call, where this call set another one. */
  readonly previousPin: PinInfo | undefined;
  /** The site that answered; undefined where none was asked. */
  readonly site: string | undefined;
}

export interface SaveOptions extends CallOptions {
  /** "keep" (default): a partial download is kept beside the destination and continued by the next call. */
  readonly partial?: "keep" | "remove" | undefined;
}

/** How many targets are written to files. */
export interface SaveTargetsOptions extends SaveOptions {
  /** Targets at a time. Default: 6. */
  readonly concurrency?: number | undefined;
}

/** A target, and the file that it becomes. */
export interface TargetDestination {
  readonly target: TargetInfo;
  readonly destination: string;
}
