/** Every read and every loop has a bound, and every bound has a reason. Sizes are in bytes. */

/** An RSA-4096 key in PEM is 3.3 KiB; in an armored age file it is 5 KiB. */
export const keyFileMaxBytes: number = 64 * 1024;

/** The record has a line for each root and each role of the release: room for 10,000 roots. */
export const stateMaxBytes: number = 4 * 1024 * 1024;

/** One staged target: a list of 10,000 blobs is 1.2 MB, the rest is for `custom`. */
export const stagedMaxBytes: number = 8 * 1024 * 1024;

/** Targets that were staged together: 100,000 are 30 MB, and a role has room for no more. */
export const togetherMaxBytes: number = 128 * 1024 * 1024;

/** A delegated role's file of the largest size that clients accept, in base64. */
export const stagedRoleMaxBytes: number = 180 * 1024 * 1024;

/** All files of a proposal together: a role of the largest size that clients accept, and as much beside it. */
export const proposalMaxBytes: number = 256 * 1024 * 1024;

/** Proposals that are read for a list of them. Everybody who may write to the repository can add one. */
export const openProposalsMax = 1000;

/** A proposal in a file: a role of the largest size that clients accept and the published one, in base64. */
export const signingRequestMaxBytes: number = 360 * 1024 * 1024;

/** Some registries take no blob of more than 5 GiB, or of more than they receive in ten minutes. */
export const partMaxBytes: number = 4 * 1024 ** 3;

/** How often one push is rebased on another publisher's new release before it fails. */
export const rebasesMax = 8;

/** Passphrases that are tried for a key file. */
export const passphraseTriesMax = 3;

/** Delegated roles whose expiry the record keeps: each needs 100 bytes, and one request when it changes. */
export const delegatedRecordsMax = 1000;

/** Delegated roles whose files `status` reads, to say who signed them. */
export const roleFilesMax = 100;

/** How often an artifact is put again if the registry does not know a blob that was just put, which is rare. */
export const unknownBlobRetries = 3;

/** Simultaneous uploads, one for each connection that is kept to a registry. Small files wait for the network, not for it. */
export const defaultConcurrency = 8;

/** How far the clock may be behind a known past instant before it is refused. Clients allow the same. */
export const clockToleranceMs: number = 10 * 60 * 1000;

/**
 * How many releases back the recorded one is searched for: enough for a publisher that pushes once a month beside one
 * that refreshes daily.
 */
export const lineageMax = 64;

/** Numbers of releases that a publisher passes over, because it was stopped so often, and that its next release takes too. */
export const passedNumbersMax = 16;

/**
 * How far above the record a published version may be. The thief of an online key can sign version 2^53 - 1, after
 * which nobody can sign a higher one. A publisher that signs above such a version makes the damage permanent.
 */
export const versionJumpMax = 1_000_000;

/** Parts up to this size are held in memory while they are sent; larger ones stream. Reading more at a time is not faster. */
export const partInMemoryMaxBytes: number = 4 * 1024 * 1024;

/** Large files whose digests are remembered, of 150 bytes each: the record is written after each of them. */
export const hashedFilesMax = 2000;

/** Four times what `hashedFilesMax` files need. */
export const hashedFilesMaxBytes: number = 1024 * 1024;

/** A snapshot has room for 250,000 roles, and keeps the names of bins that were resized. */
export const binsMax = 65_536;

/** A patch, or a compressed copy, is published if it has less than this part of the bytes that a client would fetch without it. */
export const patchMostShare = 0.8;

/** A patch is made from no older version that is so many times as long: it would have little in common. */
export const olderMostTimes = 4;

/** Roles of an older release that are searched for the older version of a target: each is two requests. */
export const olderRolesMax = 64;

/** What is in an archive is unpacked to disk. A larger one is patched as it is. */
export const archiveMaxBytes: number = 8 * 1024 ** 3;

/** What is in the older archive has at most so many times the bytes of what is in the new one. */
export const archiveMostTimes = 4;
