/** Connections without TLS whose bytes are read in large pieces: Node's own are of 64 KiB, and each costs a fast pull as much as hashing 30 KiB. */
import { Socket } from "node:net";
import { largeReadBytes } from "../limits.ts";
import { buildConnector } from "./undici.ts";

/** What arrived fills memory of its own, or is copied to such memory: then its last reader can free it. */
interface Reads {
  /** Where the next bytes go. */
  readonly buffer: () => Uint8Array;
  /** Returns false if no more should be read for now. */
  readonly callback: (length: number, bytes: Uint8Array) => boolean;
}

function createReads(push: (bytes: Uint8Array) => boolean): Reads {
  let next: Uint8Array | undefined;
  return {
    buffer: () => (next ??= Buffer.allocUnsafeSlow(largeReadBytes)),
    callback(length, bytes) {
      if (length < bytes.length) return push(Buffer.copyBytesFrom(bytes, 0, length));
      next = undefined;
      return push(bytes);
    },
  };
}

/** Of a socket's own queue: with less, it would stop and start reading for each piece. */
const waiting: object = { highWaterMark: 2 * largeReadBytes };

export function createPlainConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  return (target, callback) => {
    let socket: Socket | undefined;
    const onread = createReads((bytes) => socket?.push(bytes) ?? false);
    const connect = buildConnector({ ...options, ...waiting, onread });
    const connecting: unknown = connect(target, callback);
    if (connecting instanceof Socket) socket = connecting;
    return connecting;
  };
}
