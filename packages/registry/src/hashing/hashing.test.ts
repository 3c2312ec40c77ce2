import { randomBytes } from "node:crypto";
import { Worker } from "node:worker_threads";
import { blobOf, sourceOf } from "@dtuf/testing/oci-content";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { ByteStream } from "../content.ts";
import { digestOf } from "../oci/digest.ts";
import { verifyingBy } from "../verifying.ts";
import { createHashing } from "./content-digester.ts";
import { fastBytesPerMs } from "./limits.ts";
import { startThreadDigester, type ThreadDigester } from "./thread-digester.ts";

const bytes = randomBytes(9 * 1024 * 1024 + 17);

async function start(createWorker?: typeof Worker): Promise<ThreadDigester> {
  const worker = await startThreadDigester(createWorker);
  if (worker === undefined) throw new TypeError("this runtime has no threads");
  return worker;
}

async function hash(worker: ThreadDigester, content: Uint8Array, chunkBytes: number): Promise<string> {
  worker.begin("sha256");
  for await (const chunk of sourceOf(content, chunkBytes).open(0)) await worker.update(chunk);
  return worker.digest();
}

describe("a thread that hashes", () => {
  test.each([1000, 65_536, 512 * 1024, 5_000_000])(
    "gives the digest of chunks of %i bytes, one content after the other",
    async (chunkBytes) => {
      const worker = await start();
      const content = chunkBytes === 1000 ? bytes.subarray(0, 3_000_000) : bytes;
      expect(await hash(worker, content, chunkBytes)).toBe(digestOf(content));
      expect(await hash(worker, new Uint8Array(), 1)).toBe(digestOf(new Uint8Array()));
      worker.begin("sha256");
      await worker.update(content);
      expect(await hash(worker, content, chunkBytes)).toBe(digestOf(content));
      await worker.end();
    },
  );

  test("hashes what a chunk was, not what it became [T143]", async () => {
    const worker = await start();
    const chunk = Buffer.from(bytes);
    worker.begin("sha512");
    await worker.update(chunk);
    chunk.fill(0);
    expect(await worker.digest()).toBe(digestOf(bytes, "sha512"));
    await worker.end();
  });

  test("that is terminated makes the digest fail, at any moment [T143]", async () => {
    for (const moment of ["before", "during", "after"] as const) {
      const threads: Worker[] = [];
      class Tracked extends Worker {
        constructor(...parameters: ConstructorParameters<typeof Worker>) {
          super(...parameters);
          threads.push(this);
        }
      }
      const worker = await start(Tracked);
      const terminate = async (now: typeof moment): Promise<void> => {
        if (now === moment) await threads[0]?.terminate();
      };
      await terminate("before");
      worker.begin("sha256");
      const hashing = async (): Promise<string> => {
        for await (const chunk of sourceOf(bytes, 100_000).open(0)) {
          await worker.update(chunk);
          await terminate("during");
        }
        const digest = worker.digest();
        await terminate("after");
        return digest;
      };
      await expectRefused(hashing(), "OCI_HASHING_FAILED");
      expect(worker.hasEnded()).toBe(true);
    }
  });

  test("is not used if the runtime does not allow threads, or starts one that does not answer", async () => {
    class Forbidden extends Worker {
      constructor(...parameters: ConstructorParameters<typeof Worker>) {
        super(...parameters);
        void this.terminate();
        throw new TypeError("no threads here");
      }
    }
    class Broken extends Worker {
      constructor(_program: unknown, options: ConstructorParameters<typeof Worker>[1]) {
        super("throw new Error('broken')", options);
      }
    }
    expect(await startThreadDigester(Forbidden)).toBeUndefined();
    expect(await startThreadDigester(Broken)).toBeUndefined();
  });
});

describe.each([
  ["the thread that receives it", fastBytesPerMs],
  ["another thread", 1],
])("a large content that is hashed on %s", (_, bytesPerMs) => {
  const hashing = createHashing(() => bytesPerMs);
  const verifying = (stream: ByteStream): ByteStream => verifyingBy(hashing, stream, blobOf(bytes));

  test("with a wrong byte anywhere, also in the last chunk, is refused at its end [T143]", async () => {
    for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
      const wrong = Buffer.from(bytes);
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      const reading = async (): Promise<void> => {
        for await (const _ of verifying(sourceOf(wrong, 65_536).open(0)));
      };
      await expectRefused(reading(), "OCI_DIGEST_MISMATCH");
    }
  });

  test("is verified also if others are read at the same time, or were not read to their end", async () => {
    const read = async (most: number): Promise<number> => {
      let received = 0;
      for await (const { length } of verifying(sourceOf(bytes, 65_536).open(0))) {
        received += length;
        if (received > most) break;
      }
      return received;
    };
    const sizes = await Promise.all(Array.from({ length: 8 }, (_, n) => read(n % 2 === 0 ? Infinity : 1_000_000)));
    expect(sizes.filter((size) => size === bytes.length)).toHaveLength(4);
  });
});

test("a digester that was released touches no other content", async () => {
  const create = createHashing(() => 1);
  const first = await create("sha256", bytes.length);
  await first.update(bytes);
  first.release();
  first.release();
  const second = await create("sha256", bytes.length);
  const third = await create("sha256", bytes.length);
  expect(() => first.update(bytes)).toThrow(TypeError);
  await second.update(bytes);
  await third.update(bytes.subarray(1));
  expect([await second.digest(), await third.digest()]).toEqual([digestOf(bytes), digestOf(bytes.subarray(1))]);
  second.release();
  third.release();
});
