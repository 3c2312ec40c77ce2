/** Bounds of the HTTP client, each with its reason. */

/** Presigned addresses in Location can exceed undici's 16 KiB (Google's do); four times that is ample. */
export const headersMaxBytes: number = 64 * 1024;

/** About as many as browsers and curl follow: registry, load balancer, storage and a mirror make four. */
export const redirectsMax = 10;

/** Bytes received but not yet read. The connection is paused above this, so memory stays flat with a slow reader. */
export const bodyBufferMaxBytes: number = 512 * 1024;

/** An unwanted body is read up to this, to keep the connection; a larger one closes the connection. */
export const discardMaxBytes: number = 64 * 1024;

/** Size of one write to a socket: large enough to be fast, and a link of 5 kB/s still sends one within the default stall time. */
export const sendChunkBytes: number = 256 * 1024;

/** Minimum time to wait for the answer to a PUT, in milliseconds, because a registry may move gigabytes first. */
export const answerTimeoutMs: number = 5 * 60 * 1000;

/** Bytes of a body that must arrive within each stall time. With the default 60 s, 17 bytes a second: slower is treated as an attack. */
export const minimumRateBytes: number = 1024;

/** Origins whose connections are kept. Above this, the least recently used ones are closed. */
export const poolsMax = 64;

/** Maximum size of a certificate or key file. The largest bundles of authorities have a quarter of a MiB. */
export const certificateMaxBytes: number = 4 * 1024 * 1024;

/** Bytes that are read from a socket at a time. */
export const largeReadBytes: number = 256 * 1024;
