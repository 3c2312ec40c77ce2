/** Every read has a bound, and every bound a reason. Sizes in bytes. */
export interface Limits {
  /** As python-tuf and tuf-js: a root of dozens of RSA keys is a tenth of it. */
  readonly rootMaxBytes: number;
  /** A timestamp names one file; the largest signature (ML-DSA-87) has 9,254 hex digits, and this holds a dozen. */
  readonly timestampMaxBytes: number;
  /** A snapshot of 16,384 bins with hashes is 2 MB; this holds 250,000 roles. */
  readonly snapshotMaxBytes: number;
  /** 100,000 targets are 13 MB; this holds a million in one role. */
  readonly targetsMaxBytes: number;
  /** Roots walked in one refresh (TUF 5.3.3): one a day for almost three years, so that an old installer still arrives. */
  readonly maxRootRotations: number;
  /** Roles visited in one search (TUF 5.6.7), as python-tuf and tuf-js. */
  readonly maxDelegations: number;
  /** Delegated roles listed in one role: 16,384 unrolled hash bins fit four times. */
  readonly maxDelegatedRoles: number;
  /** Keys listed in one document: a key a project for a large index. Keys are imported only when a signature needs them. */
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

/** A publisher's record of one push: as a timestamp, it is small but for its signatures. */
export const pushRecordMaxBytes: number = 131_072;

/** Levels of nesting in a file: TUF's own need 8, `custom` gets the rest; recursive readers stay far from the stack's end. */
export const jsonMaxDepth: number = 64;

/** Characters of a role name, a target path, a path pattern or a key id: the longest path that Linux knows. */
export const nameMaxLength: number = 4096;
