import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createHash, randomBytes } from "node:crypto";
import { withTargetBlobs } from "@dtuf/format";
import { parseDigest, type Descriptor, type Progress } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { bytesOf } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";
import { createStoreSource } from "../sources/store-source.ts";
import type { Source, TargetInfo } from "../sources/source.ts";

const home = useDirectory();
let sim: TufSimulator;

beforeEach(async () => {
  sim = await createTufSimulator();
});

function describeBlob(bytes: Buffer): Descriptor {
  const digest = parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  return { mediaType: "x/y", digest, size: bytes.length };
}

/** A target with the signed hashes of `whole` and these signed blobs. */
async function publish(whole: Buffer, blobs: readonly Buffer[]): Promise<Source> {
  const layout = createLayoutStore({ directory: join(home, "layout") });
  for (const bytes of blobs) await layout.put(describeBlob(bytes), bytes);
  sim.addTarget("t", whole, { custom: withTargetBlobs(undefined, blobs.map(describeBlob)) });
  await sim.publishRelease();
  await publishToStore(sim, layout);
  return createStoreSource(layout);
}

async function find(source: Source): Promise<{ readonly copy: Copy; readonly target: TargetInfo }> {
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const copy = createCopy({ source, place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  const target = await copy.findTarget(parseTargetPath("t"));
  if (target === undefined) throw new TypeError("not found");
  return { copy, target };
}

test("progress reports roles and the target, with signed totals", async () => {
  const whole = Buffer.from("content");
  const { copy, target } = await find(await publish(whole, [whole]));
  const seen: Progress[] = [];
  const onProgress = (progress: Progress): number => seen.push(progress);
  await bytesOf(await copy.openTarget(target, { onProgress }));
  expect(seen).toEqual([{ step: "download", kind: "target", name: "t", bytes: 7, totalBytes: 7 }]);
  await publish(whole, [whole]);
  await copy.pullMetadata({ onProgress });
  const { length } = sim.files.get("timestamp.json") ?? [];
  const timestamp = { step: "download", kind: "metadata", name: "timestamp", bytes: length, totalBytes: length };
  expect(seen).toContainEqual(timestamp);
});

describe("blobs that are signed, but together are not the signed target", () => {
  const bad = [Buffer.from("EVIL "), Buffer.from("content")];

  test("are not returned by any call [T122]", async () => {
    const { copy, target } = await find(await publish(Buffer.from("good content"), bad));
    const mismatch = { code: "TUF_HASH_MISMATCH" };
    await expect(copy.openTargetBlobs(target)[Symbol.asyncIterator]().next()).rejects.toMatchObject(mismatch);
    await expect(copy.openTarget(target)).rejects.toMatchObject(mismatch);
    await expect(copy.saveTarget(target, join(home, "t"))).rejects.toMatchObject(mismatch);
    expect(await readdir(home)).toEqual(["copy", "layout"]);
  });

  test("are refused by check-target [T122]", async () => {
    const { copy, target } = await find(await publish(Buffer.from("good content"), bad));
    await expectRefused(copy.checkTarget(target.path, bad), "COPY_TARGET_DIFFERS");
  });
});

describe("blob by blob", () => {
  // Larger than a target that is verified in memory.
  const blobs = [randomBytes(700_000), Buffer.from("small"), randomBytes(900_000)];

  test("a large target is yielded in its signed blobs, even if one blob is not read", async () => {
    const { copy, target } = await find(await publish(Buffer.concat(blobs), blobs));
    const read: Buffer[] = [];
    for await (const { stream, size } of copy.openTargetBlobs(target)) if (size !== 5) read.push(await bytesOf(stream));
    expect(read.map(describeBlob)).toEqual([blobs[0], blobs[2]].map((bytes) => describeBlob(bytes ?? Buffer.of())));
  });

  test("a blob that is read after the next was requested throws and is not cut short", async () => {
    const { copy, target } = await find(await publish(Buffer.concat(blobs), blobs));
    const streams: AsyncIterable<Uint8Array>[] = [];
    for await (const { stream } of copy.openTargetBlobs(target)) streams.push(stream);
    for (const stream of streams) await expect(bytesOf(stream)).rejects.toThrow(TypeError);
  });

  test("a source that stores the target in one piece yields the same blobs", async () => {
    const { target } = await find(await publish(Buffer.concat(blobs), blobs));
    const { copy } = await find(createSimulatorSource(sim));
    const digests: string[] = [];
    for await (const { stream } of copy.openTargetBlobs(target))
      digests.push(describeBlob(await bytesOf(stream)).digest);
    expect(digests).toEqual(blobs.map((bytes) => describeBlob(bytes).digest));
  });
});
