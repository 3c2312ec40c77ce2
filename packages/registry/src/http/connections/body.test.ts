/** The memory that a body takes while it waits for its reader, whatever the server makes of its chunks. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startRawServer } from "@dtuf/testing/http-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpResponse } from "../http.ts";
import { createTransport } from "../transport.ts";

let collectGarbage: () => void;
beforeAll(() => {
  setFlagsFromString("--expose-gc");
  collectGarbage = runInNewContext("gc") as () => void;
});
const closing: AsyncDisposable[] = [];
afterAll(async () => {
  for (const each of closing) await each[Symbol.asyncDispose]();
});

const mebibyte = 1024 * 1024;

/** One byte of body in a chunk whose extension has 250,000 bytes, which no limit of a body counts. */
const padded = Buffer.from(`1;${"x".repeat(250_000)}\r\n.\r\n`);
const tiny = Buffer.from("1\r\n.\r\n");

/** A response of `pieces` chunks of one byte, all of which have arrived. */
async function request(piece: Buffer, pieces: number): Promise<HttpResponse> {
  const arrived = Promise.withResolvers<void>();
  const server = await startRawServer((socket) => {
    // The client closes the connection when it has read its end.
    socket.on("close", () => arrived.resolve());
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    const together = Math.max(1, Math.floor(mebibyte / piece.length));
    const block = Buffer.concat(Array.from({ length: together }, () => piece));
    const write = (left: number): void => {
      const now = Math.min(left, together);
      if (now === 0) return void socket.end("0\r\n\r\n");
      socket.write(block.subarray(0, now * piece.length), () => write(left - now));
    };
    write(pieces);
  });
  closing.push(server);
  const transport = createTransport({ now: () => new Date(), random: () => 0 });
  const response = await transport.send({ method: "GET", url: server.url("/") });
  await arrived.promise;
  return response;
}

function memoryOfBuffers(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe("a body in chunks of one byte [T69]", () => {
  test("holds its own bytes alone, not the pieces in which they came", async () => {
    const before = memoryOfBuffers();
    const response = await request(padded, 100);
    const held: Uint8Array[] = [];
    for await (const chunk of response.body) held.push(chunk);
    await expect.poll(() => memoryOfBuffers() - before).toBeLessThan(4 * mebibyte);
    expect(Buffer.concat(held).toString()).toBe(".".repeat(100));
  });

  test("is read in few pieces by a slow reader, and whole", async () => {
    const response = await request(tiny, 100_000);
    const lengths: number[] = [];
    for await (const chunk of response.body) lengths.push(chunk.length);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(100_000);
    expect(lengths.length).toBeLessThan(100);
  });
});
