/** Every read has a bound. Sizes in bytes. */

/** An index within an index within an index: nobody nests deeper on purpose. */
export const manifestDepthMax: number = 8;

/** Manifests below one tag: the largest known index (hash bins of a role) has a few thousand. */
export const manifestsMax: number = 20_000;

/** A list of repositories is written by people. */
export const listMaxBytes: number = 4 * 1024 * 1024;

/** Of a list, those counted twice that an alias repeats: a list of the largest size has no more without aliases. */
export const listEntriesMax = 500_000;

/** To find what an alias means takes a walk through the whole list. */
export const listAliasesMax = 1000;

/** Directories are searched for images this deep: a registry's name, a repository's components, the tag. */
export const directoryDepthMax: number = 32;

/** Files of a layout in an archive: a hundred thousand targets and their manifests. */
export const archiveFilesMax: number = 500_000;

/** What a compressed archive unpacks to, before the ratio that follows counts. */
export const unpackedFreeBytes: number = 256 * 1024 * 1024;

/** Beyond that, how many bytes one byte may unpack to: content that is packed for carrying does not come near it. */
export const unpackedRatioMax = 200;

/** Memory for one stream: frames of `zstd --ultra --long=31` want sixteen times as much. */
export const zstdWindowLogMax = 27;

/** index.json and the small files beside it, as in a layout. */
export const archiveIndexMaxBytes: number = 64 * 1024 * 1024;

/** The file `version` of skopeo's directory form holds one short line. */
export const versionFileMaxBytes: number = 1024;

/** Leftovers of killed processes are swept when nobody has written to them for so long. */
export const leftoverAgeMs: number = 60 * 60 * 1000;
