/** Limits of reads and writes. Sizes in bytes. */

/** Registries must accept manifests of 4 MiB (distribution-spec, "Pushing Manifests"); larger ones are not written. */
export const manifestMaxBytes: number = 4 * 1024 * 1024;

/** Limit for reading: an index of many platforms may exceed 4 MiB; twice that is regclient's limit too. */
export const manifestReadMaxBytes: number = 2 * manifestMaxBytes;

/** index.json of a layout lists every tag: 300 bytes each, a hundred thousand tags. */
export const layoutIndexMaxBytes: number = 64 * 1024 * 1024;

/** The file `oci-layout` holds one short field. */
export const layoutMarkerMaxBytes: number = 4 * 1024;
