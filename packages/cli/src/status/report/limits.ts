/** How much a report shows: a page stays readable, and below a megabyte, whatever a repository holds. */

export const rolesMax = 50;
export const keysMax = 50;
export const targetsMax = 200;
/** Delegations below one role. */
export const delegationsMax = 50;
/** Delegated roles whose documents are read. Bins are read only for a name that is asked for. */
export const loadedRolesMax = 64;
export const patternsMax = 12;
export const depthMax = 8;
export const changesMax = 100;
export const askedMax = 100;
export const waitingMax = 50;
/** Characters of a text that stands beside a name: of names alone, which are longer, all are shown. */
export const textMax = 300;
/** Comparing two patterns takes the product of their lengths, for each pair of patterns of two roles. */
export const comparedPatternsMax = 32;
export const comparedLengthMax = 200;
/** Steps of one walk. */
export const stepsMax = 32;
/** Releases that are looked at for the last one that changed more than the timestamp: one request each. */
export const earlierReleasesMax = 32;
