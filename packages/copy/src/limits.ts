/** Bounds of this package, each with its reason. TUF's own bounds are `Limits` of @dtuf/tuf. */

/** state.json names each cached role: 200 bytes each, 16,384 bins and as many again. */
export const stateMaxBytes: number = 8 * 1024 * 1024;

/** The part of `stateMaxBytes` for delegated roles, whose names a repository chooses. The rest holds thousands of roots. */
export const stateRolesMaxBytes: number = 7 * 1024 * 1024;

/** Twice the default limit of a targets role. The hash decides whether the content is valid. */
export const cachedFileMaxBytes: number = 256 * 1024 * 1024;

/** Parts of a target that are requested at once: the default number of transfers. */
export const partsAhead = 6;

/**
 * Only smaller parts are requested ahead, because they wait in memory. Half of what a connection buffers before it is
 * paused.
 */
export const partAheadMaxBytes: number = 256 * 1024;

/** Parts that a target lists several times are held in memory up to this sum of bytes. */
export const repeatedPartsMaxBytes: number = 4 * 1024 * 1024;

/** How far behind the last refresh a clock may be, because two machines may share a state and clocks are adjusted. */
export const clockToleranceMs: number = 10 * 60 * 1000;

/** Roots that are searched for one that the given keys sign: as many as a refresh walks. */
export const pinSearchMax = 1024;

/** Lines per target in the record of pulled targets, before it is rewritten without outdated lines. */
export const pulledLinesPerEntry = 2;

/** A map file, written by people: enough for thousands of repositories and patterns. */
export const mapFileMaxBytes: number = 1024 * 1024;

/**
 * For one metadata file, including retries: the default stall time of a connection, so that the next mirror is asked
 * soon.
 */
export const metadataFileMs: number = 60 * 1000;

/** Minimum rate of a metadata file after that time; the slowest mobile networks are a little faster. */
export const metadataBytesPerSecond: number = 4096;

/** For the top-level metadata of a site: a thousand roots at 0.5 s each, and many megabytes over a slow network. */
export const refreshMs: number = 15 * 60 * 1000;

/** Default number of targets that are saved at a time. */
export const defaultConcurrency = 8;

/** One failed refresh: a message of 2,000 characters and the names of the sites that were asked. */
export const failureMaxBytes: number = 64 * 1024;

/**
 * What a request costs, in bytes: about 50 ms of a connection of 20 Mbit/s. Plans compare by it, and smaller gaps between missing chunks are
 * fetched with them.
 */
export const requestCostBytes: number = 128 * 1024;

/** Ranges of one target, because each is a request that a registry may count. */
export const rangesMax = 512;

/** Targets whose last file is remembered, with the indexes that are kept for them. */
export const keptSeedsMax = 64;

/** As many bytes as one index of the largest kind, and some of the usual kind. */
export const keptSeedsMaxBytes: number = 64 * 1024 * 1024;
