/** Every read and every loop has a bound, and every bound a reason. Sizes in bytes. */

/** An RSA-4096 key in PEM is 3.3 KiB; armored in age, 5. */
export const keyFileMaxBytes: number = 64 * 1024;

/** The record holds a line for each root and each role of the release: room for 10,000 roots. */
export const stateMaxBytes: number = 4 * 1024 * 1024;

/** One staged target: a list of 10,000 blobs is 1.2 MB, `custom` gets the rest. */
export const stagedMaxBytes: number = 8 * 1024 * 1024;

/** Targets that were staged together: 100,000 are 30 MB, as many as a role has room for. */
export const togetherMaxBytes: number = 128 * 1024 * 1024;

/** A delegated role's file of the largest size that clients take, in base64. */
export const stagedRoleMaxBytes: number = 180 * 1024 * 1024;

/** How often one push is rebased on what another publisher published meanwhile, before it is given up. */
export const rebasesMax = 8;

/** Delegated roles whose expiry is kept in the record: 100 bytes each, and one request each when they change. */
export const delegatedRecordsMax = 1000;

/** How often an artifact is put again where the registry does not know a blob that was just put: each time is rare. */
export const unknownBlobRetries = 3;

/** Uploads at a time, as docker and skopeo have it by default. */
export const defaultConcurrency = 4;

/** How far a clock may be behind what is known before it is suspect: clients allow the same. */
export const clockToleranceMs: number = 10 * 60 * 1000;

/** Releases looked back through for the recorded one: a publisher that comes once a month, beside one that refreshes daily. */
export const lineageMax = 64;

/**
 * How far above the record a published version may be. A thief of an online key can sign version 2^53 - 1, after which
 * nobody could sign a higher one; whoever signs above such a version makes the theft permanent.
 */
export const versionJumpMax = 1_000_000;
