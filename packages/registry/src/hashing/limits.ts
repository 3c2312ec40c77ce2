/** Bounds of hashing on another thread, each with its reason. */

/** Bytes in one order to the thread, so that it is woken seldom. */
export const ringSlotBytes: number = 256 * 1024;

/** With 2 MiB in all, a thread that is not scheduled for some milliseconds holds nobody up. */
export const ringSlots = 8;

/**
 * V8 copies into shared memory by so many bytes at a time, but byte by byte, eight times as slowly, if the chunk and its place are not
 * aligned alike. So a chunk of some size begins a new slot instead.
 */
export const copyUnit = 8;
export const alignedMinBytes = 4096;

/** Time for a thread to start, in milliseconds. It takes 50; a runtime that does not answer has no such threads. */
export const threadStartMs = 2000;

/** Threads at a time, of 10 MiB each. Content beyond them is hashed where it is received. */
export const threadsMax = 2;

/** A thread that has had nothing to do for this long is ended, in milliseconds. */
export const threadIdleMs = 5000;

/** Smaller content is hashed where it is received, without a look at what it takes. */
export const threadContentMinBytes: number = 8 * 1024 * 1024;

/** A thread is started for content that takes longer to hash than this, in milliseconds: the start takes 50. */
export const threadWorthMs = 100;

/**
 * Faster processors hash where the content is received, in bytes per millisecond: with SHA instructions, 1,400,000, hashing costs
 * no more than handing the bytes over; without, it costs five times as much.
 */
export const fastBytesPerMs = 600_000;

/** What is hashed a few times, once in a process, to learn how fast it hashes. */
export const rateSampleBytes: number = 256 * 1024;
export const rateSamples = 4;
