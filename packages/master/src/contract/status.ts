/** What a publisher tells about its repository: versions, what is staged, who signed, and what is due. */
import type { RoleName, TopLevelRole } from "@dtuf/tuf";
import type { Periods, StagedKeyChange } from "./keys.ts";
import type { StagedTarget } from "./targets.ts";
import type { KeyLine, OpenProposal } from "./team.ts";

export interface StagedChanges {
  readonly targets: readonly StagedTarget[];
  /** Delegated roles for which a new version, a delegation or its removal is staged. */
  readonly roles: readonly RoleName[];
  /** Versions of roots that are signed here and not published yet. */
  readonly roots: readonly number[];
  /** The staged root that the keys of the root before it did not sign: every client must pin again. */
  readonly newPin?: number | undefined;
  /** Changes of keys and thresholds. Those of top-level roles are signed as a new root by the next publication. */
  readonly keys: readonly StagedKeyChange[];
  /** Number of hash bins, if another one is staged. */
  readonly bins?: number | undefined;
}

export type ReleaseVersions = Readonly<Record<TopLevelRole, number>>;

export interface RecordStatus {
  readonly until: Date;
  /** "soon": at most half of its lifetime (or `withinMs`) is left. "due": it has ended and renews nothing. */
  readonly state: "good" | "soon" | "due";
}

export interface DueRole {
  readonly role: TopLevelRole | RoleName;
  readonly expires: Date;
  readonly state: "expired" | "soon";
}

/** A role's document, and who may sign it and did. */
export interface RoleStatus {
  readonly role: TopLevelRole | RoleName;
  readonly version: number;
  readonly expires: Date;
  /** "soon": within the signing period that the metadata names, half of the lifetime, or `withinMs`. */
  readonly state: "good" | "soon" | "expired";
  /** How many of the keys must sign. */
  readonly threshold: number;
  readonly keys: readonly KeyLine[];
  /** The keys whose signatures are valid. Absent if the document was not read. */
  readonly signed?: readonly KeyLine[] | undefined;
  /** As the metadata names them. */
  readonly periods?: Periods | undefined;
}

export interface MasterStatus {
  readonly due: readonly DueRole[];
  /** The top-level roles, then those that targets delegates to: as published, or as signed here if that was not read. */
  readonly roles: readonly RoleStatus[];
  readonly staged: StagedChanges;
  /** Open proposals of the registry and whose signatures they wait for; empty if no request was made. */
  readonly proposals: readonly OpenProposal[];
  /** "never": nothing has been published from here. */
  readonly versions: ReleaseVersions | "never";
  /**
   * The published release, verified from the root pinned here. "same": the one last published or accepted here.
   * "newer": another publisher's of this chain of roots. "other-chain": one of another chain of roots. "refused":
   * clients would refuse it. "absent": nothing is published. "unchecked": no request was made.
   */
  readonly registry: "same" | "newer" | "other-chain" | "refused" | "absent" | "unchecked";
  /** Present if `registry` is "same" or "newer"; `due` is then about this release. */
  readonly published?: PublishedStatus | undefined;
  /** Status of the newest record of a push that was signed or used here. */
  readonly record?: RecordStatus | undefined;
  /** Why it was refused, if `registry` is "other-chain" or "refused". */
  readonly refusal?: { readonly code: string; readonly message: string } | undefined;
}

export interface PublishedStatus {
  readonly versions: ReleaseVersions;
  /** The instant until which clients accept it if no other follows. */
  readonly servedUntil: Date;
}
