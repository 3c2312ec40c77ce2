/** Limits of every read, each with its reason. Sizes in bytes. */
export interface Limits {
  /** As in python-tuf and tuf-js: a root with dozens of RSA keys needs a tenth of it. */
  readonly rootMaxBytes: number;
  /** A timestamp names one file. The largest signature (ML-DSA-87) has 9,254 hex digits, and a dozen of them fit. */
  readonly timestampMaxBytes: number;
  /** A snapshot of 16,384 bins with hashes has 2 MB; 250,000 roles fit. */
  readonly snapshotMaxBytes: number;
  /** 100,000 targets have 13 MB; a million in one role fit. */
  readonly targetsMaxBytes: number;
  /** Roots loaded in one refresh (TUF 5.3.3): one a day for almost three years, so that an old installer can still update. */
  readonly maxRootRotations: number;
  /** Roles visited in one search (TUF 5.6.7), as in python-tuf and tuf-js. */
  readonly maxDelegations: number;
  /** Delegated roles listed in one role: four times 16,384 listed hash bins. */
  readonly maxDelegatedRoles: number;
  /** Keys listed in one document: one key per project of a large index. A key is imported only if a signature needs it. */
  readonly maxKeys: number;
  /** Key ids of one role, and signatures of one file: each may cost one verification. */
  readonly maxSignatures: number;
}

const mebibyte = 1024 * 1024;

export const defaultLimits: Limits = {
  rootMaxBytes: 512_000,
  timestampMaxBytes: 131_072,
  snapshotMaxBytes: 32 * mebibyte,
  targetsMaxBytes: 128 * mebibyte,
  maxRootRotations: 1024,
  maxDelegations: 32,
  maxDelegatedRoles: 65_536,
  maxKeys: 16_384,
  maxSignatures: 256,
};

/** A publisher's record of one push. Like a timestamp, it is small except for its signatures. */
export const pushRecordMaxBytes: number = 131_072;

/** Levels of nesting in a file. TUF's own need 8; the rest is for `custom`. Recursive readers stay far below the stack's limit. */
export const jsonMaxDepth: number = 64;

/** Characters of a role name, a target path, a path pattern or a key id: the longest path on Linux. */
export const nameMaxLength: number = 4096;
