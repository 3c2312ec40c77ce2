/**
 * Gives the memory of bytes back at once: megabytes that wait for the garbage collector add up. Nothing may read them, or others that
 * share their memory, after that. Bytes of Node's pool, which many share, are left.
 */
export function freeBytes({ buffer }: Uint8Array | Int32Array | Uint32Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
