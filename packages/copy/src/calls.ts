/** Options and results of a copy's calls. */
import type { ProgressCallback } from "@dtuf/registry";
import type { OpenRepositoryOptions } from "@dtuf/registry/repository";
import type { Limits, TargetPath } from "@dtuf/tuf";
import type { RequestedRoot } from "./refresh/trusted-root.ts";
import type { CopyEvent } from "./events.ts";
import type { Deadlines } from "./refresh/deadline.ts";
import type { PinInfo } from "./refresh/pin.ts";
import type { RefreshMode } from "./refresh/pull-metadata.ts";
import type { StateOutcome, StateRequirement } from "./state/cache-directory.ts";
import type { Source, TargetInfo } from "./sources/source.ts";
import type { SavedTarget } from "./targets/ways.ts";

/** Options of `createCopy`: the repository, given in one of two ways, and the state. */
export type CopyOptions = CopySettings & (CopyRepository | CopySource);

/** The repository by its name. Clock, randomness, transport and credentials have defaults. */
export interface CopyRepository extends OpenRepositoryOptions {
  /** `host[:port]/repository` of a registry, `oci:DIR`, or the `https://` URL of a plain TUF repository's metadata. */
  readonly repository: string;
  readonly source?: undefined;
}

/** A source that the program created. */
export interface CopySource {
  readonly source: Source;
  /**
   * Location of the source, recorded in the state for display. Trust does not depend on it: a copy may move to a mirror.
   */
  readonly place: string;
}

export interface CopySettings {
  /** The state: `…/<repo>/copy`. */
  readonly directory: string;
  /**
   * The root.json that was shipped with the program, or a chain of roots. It is pinned if nothing is pinned yet; an
   * existing pin does not change.
   */
  readonly root?: Uint8Array | undefined;
  /** The clock. Each call reads it once. Default: the system's clock. */
  readonly now?: (() => Date) | undefined;
  /**
   * A time that is certainly past, such as the build date of the program. An earlier clock is refused
   * (COPY_CLOCK_SUSPECT).
   */
  readonly knownPast?: Date | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** How long a site may take for its metadata. A slower site is skipped. */
  readonly deadlines?: Partial<Deadlines> | undefined;
  /** What to do if another process is refreshing the same state. Default "wait". */
  readonly lock?: "wait" | "fail" | undefined;
  /**
   * What to do if the state cannot be written. "best-effort" (default): the call continues, holds the state in
   * memory, emits "state-not-kept", and the result says `state: "not-kept"`. "required": the call is refused with
   * COPY_STATE_NOT_KEPT.
   */
  readonly state?: StateRequirement | undefined;
  /** An error that it throws ends the call. */
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}

/** The root that `pin` made the trusted root. */
export interface PinResult extends PinInfo {
  readonly state: StateOutcome;
  /** The trusted root before this call, if this call changed it. */
  readonly previousPin: PinInfo | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default "online". */
  readonly mode?: RefreshMode | undefined;
  /**
   * With "cache-if-valid", `pullMetadata` and the first call of a copy also ask the source if the last successful refresh is
   * older than this, in milliseconds. Default: no limit except expiry.
   */
  readonly maxAgeMs?: number | undefined;
  /** An error that it throws ends the call. Names are roles and target paths; totals are the signed lengths. */
  readonly onProgress?: ProgressCallback | undefined;
}

export interface PullMetadataOptions extends CallOptions {
  readonly pin?: RequestedRoot | undefined;
  /** Also accept a root of another chain, and drop the cached metadata. Default false: such a root is refused. */
  readonly replace?: boolean | undefined;
  /** Whether `updatedTargets` includes targets of delegated roles. Hash bins are never included. Default "follow". */
  readonly delegations?: "follow" | "skip" | undefined;
}

export interface RefreshResult {
  /**
   * "fresh": newer metadata was accepted. "unchanged": the source has nothing newer. "stale-but-valid": no
   * source was asked; the cached metadata has not expired.
   */
  readonly status: "fresh" | "unchanged" | "stale-but-valid";
  readonly state: StateOutcome;
  /** Targets whose content differs from the content that was last pulled here, and targets that were never pulled. */
  readonly updatedTargets: readonly TargetPath[];
  /** By role: the top-level roles, and the delegated roles that are loaded. */
  readonly expirations: ReadonlyMap<string, Date>;
  readonly versions: ReadonlyMap<string, number>;
  readonly pin: PinInfo;
  /** The trusted root before this call, if this call changed it. */
  readonly previousPin: PinInfo | undefined;
  /** The site that answered; undefined if no site was asked. */
  readonly site: string | undefined;
}

export interface SaveOptions extends CallOptions {
  /** "keep" (default): a partial download is kept beside the destination and continued by the next call. */
  readonly partial?: "keep" | "remove" | undefined;
  /**
   * "keep": a file at the destination that has exactly the target's bytes stays as it is; it is read and verified, and no
   * byte is fetched. "write" (default): it is replaced.
   */
  readonly same?: "keep" | "write" | undefined;
  /**
   * Paths of files that may have content of the targets, such as older versions: what they have is not fetched. Each byte of
   * them is hashed before it is used. The file at the destination and the one that was last saved are used without being named.
   */
  readonly seeds?: readonly string[] | undefined;
  /** Called when the file of a target is in place. An error that it throws ends the call. */
  readonly onSaved?: ((saved: SavedTarget) => void) | undefined;
}

/** Options of `saveTargets`. */
export interface SaveTargetsOptions extends SaveOptions {
  /** Number of targets that are saved at a time. Default: 6. */
  readonly concurrency?: number | undefined;
}

/** A target, and the path of the file to write. */
export interface TargetDestination {
  readonly target: TargetInfo;
  readonly destination: string;
}
