/** Bounds of the HTTP client, each with its reason. */

/** Presigned addresses in Location exceed undici's 16 KiB (Google's do); nothing honest comes near four times that. */
export const headersMaxBytes: number = 64 * 1024;

/** As browsers and curl have it, rounded: registry, load balancer, storage and a mirror are four. */
export const redirectsMax = 10;

/** Received but not yet asked for. The connection is paused above it, so memory stays flat under a slow reader. */
export const bodyBufferMaxBytes: number = 512 * 1024;

/** A body nobody wants is read up to here, because a kept connection is worth that much; beyond it the connection ends. */
export const discardMaxBytes: number = 64 * 1024;

/** One write to a socket: large enough to be fast, and a link of 5 kB/s still moves one within the default stall time. */
export const sendChunkBytes: number = 256 * 1024;

/** A registry may move gigabytes before it answers their PUT: the least that it is given, in milliseconds. */
export const answerTimeoutMs: number = 5 * 60 * 1000;

/** What must come of a body in each stall time. With the default 60 s, 17 bytes a second: a slower link is an attack. */
export const minimumRateBytes: number = 1024;

/** Origins whose connections are kept; a registry that redirects to ever new hosts makes the oldest go. */
export const poolsMax = 64;

/** A certificate or key file. The largest bundles of authorities are a quarter of a MiB. */
export const certificateMaxBytes: number = 4 * 1024 * 1024;
