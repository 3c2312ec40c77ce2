/** Bounds of this package, each with its reason. TUF's own bounds are `Limits` of @dtuf/tuf. */

/** state.json names each cached role: 200 bytes each, 16,384 bins and as many again. */
export const stateMaxBytes: number = 8 * 1024 * 1024;

/** The part of it for delegated roles, whose names a repository chooses; the roots of centuries have the rest. */
export const stateRolesMaxBytes: number = 7 * 1024 * 1024;

/** Twice what a targets role may have by default; the hash decides whether the content is ours. */
export const cachedFileMaxBytes: number = 256 * 1024 * 1024;

/** Parts of a target under way at once: as many as transfers by default. */
export const partsAhead = 6;

/** A part that is asked for ahead waits in memory; half of what a connection holds before it is paused. */
export const partAheadMaxBytes: number = 256 * 1024;

/** How far behind the last refresh a clock may be: two machines that share a state, and a clock that is being set. */
export const clockToleranceMs: number = 10 * 60 * 1000;

/** Roots looked through for one that the given keys sign: as many as a refresh walks. */
export const pinSearchMax = 1024;

/** Lines of the memory of what was pulled, per target, before it is written anew without those that are outdated. */
export const pulledLinesPerEntry = 2;

/** A map file that people write: thousands of repositories and patterns. It is parsed before anything else is done. */
export const mapFileMaxBytes: number = 1024 * 1024;

/** For one metadata file, tries included: the time that a connection may stall by default, so that a mirror is asked soon. */
export const metadataFileMs: number = 60 * 1000;

/** What a metadata file must come with beyond that; the slowest mobile networks carry a little more. */
export const metadataBytesPerSecond: number = 4096;

/** For the top-level metadata of a site: a thousand roots at 0.5 s each, and many megabytes over a slow network. */
export const refreshMs: number = 15 * 60 * 1000;

/** Targets that are saved at a time, if the caller says nothing else. */
export const defaultConcurrency = 6;

/** The reason of one failure: a message of 2,000 characters and the names of the places that were asked. */
export const failureMaxBytes: number = 64 * 1024;
