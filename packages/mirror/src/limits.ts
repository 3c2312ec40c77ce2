/** Bounds of every read. Sizes in bytes. */

/** Depth of nested indexes: real images have at most three levels. */
export const manifestDepthMax: number = 8;

/** Manifests below one tag: the largest known index (hash bins of a role) has a few thousand. */
export const manifestsMax: number = 20_000;

/** A list of repositories, written by people. */
export const listMaxBytes: number = 4 * 1024 * 1024;

/** Entries of a list. Entries of an alias count each time that it is used; without aliases the largest list has fewer. */
export const listEntriesMax = 500_000;

/** Resolving an alias walks through the whole list. */
export const listAliasesMax = 1000;

/** Directories are searched for images this deep: a registry's name, a repository's components, the tag. */
export const directoryDepthMax: number = 32;

/** Files in an archive: a hundred thousand targets and their manifests. */
export const archiveFilesMax: number = 500_000;

/** Up to this unpacked size of a compressed archive, `unpackedRatioMax` does not apply. */
export const unpackedFreeBytes: number = 256 * 1024 * 1024;

/** Unpacked bytes per compressed byte after that: real archives have a much lower ratio. */
export const unpackedRatioMax = 200;

/** Bounds the memory of one stream: frames of `zstd --ultra --long=31` would need sixteen times as much. */
export const zstdWindowLogMax = 27;

/** index.json and the small files beside it, as in a layout. */
export const archiveIndexMaxBytes: number = 64 * 1024 * 1024;

/** The file `version` of skopeo's directory form has one short line. */
export const versionFileMaxBytes: number = 1024;

/** Age after which temporary files of killed processes are removed. */
export const leftoverAgeMs: number = 60 * 60 * 1000;
