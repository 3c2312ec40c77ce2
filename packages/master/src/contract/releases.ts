/** The releases that a registry still has. */

/** One release, or several that have the same targets: those between were published to renew signatures. */
export interface ListedRelease {
  /** Its number, or the highest of theirs. */
  readonly release: number;
  /** The lowest of their numbers. */
  readonly since: number;
  readonly isCurrent: boolean;
  /** False: it cannot be read, or the keys of the newest root did not sign it. Nobody can return to it, and nothing else is said of it. */
  readonly isTrusted: boolean;
  /** When its timestamp expires or expired. */
  readonly expires: Date | undefined;
  /** How many targets it has. Undefined with hash bins. */
  readonly targets: number | undefined;
  /** How many targets differ from the release listed before it. Undefined for the oldest, and if that one cannot be compared with. */
  readonly changes: ReleaseChanges | undefined;
}

export interface ReleaseChanges {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

export interface ReleaseList {
  /** The newest first. */
  readonly releases: readonly ListedRelease[];
  /** How many older ones were not read. */
  readonly unread: number;
}
