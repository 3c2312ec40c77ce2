/** A download that turned out to be wrong goes on from its first wrong chunk. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createIndexMaker } from "@dtuf/delta";
import { indexMediaType, withTargetIndex } from "@dtuf/format";
import { digestOf, verifying, type ByteStream, type Descriptor } from "@dtuf/registry";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { createCopy, type Copy } from "../../copy.ts";
import { createMirroredSource } from "../../sources/mirrored-source.ts";
import { createStoreSource } from "../../sources/store-source.ts";
import type { Source, TargetInfo } from "../../sources/source.ts";
import { partialPath } from "../partial-file.ts";
import { contentName } from "../../state/pulled-memory.ts";

const content = randomBytes(1_500_000);
const wrongAt = 1_200_000;
const wrong = Buffer.from(content);
wrong.writeUInt8(wrong.readUInt8(wrongAt) ^ 1, wrongAt);

const home = useDirectory();
let sim: TufSimulator;
let layout: LayoutStore;
let destination: string;

beforeEach(async () => {
  destination = join(home, "t.bin");
  sim = await createTufSimulator();
  const maker = createIndexMaker({ average: 16_384 });
  maker.update(content);
  const index = maker.finish() ?? new Uint8Array();
  const descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  sim.addTarget("t", content, { custom: withTargetIndex(undefined, descriptor) });
  await sim.publishRelease();
  layout = createLayoutStore({ directory: join(home, "layout") });
  await layout.put(descriptor, index);
  await publishToStore(sim, layout);
});

/** A source that sends these bytes of the target, and counts them. */
function sourceOf(bytes: Buffer): { readonly source: Source; readonly sent: () => number } {
  let sent = 0;
  async function* send(from: number): ByteStream {
    for (let at = from; at < bytes.length; at += 10_000) {
      const chunk = bytes.subarray(at, at + 10_000);
      sent += chunk.length;
      yield chunk;
    }
  }
  const isTarget = ({ digest }: Descriptor): boolean => digest === digestOf(content);
  const store = {
    ...layout,
    open: async (descriptor: Descriptor) =>
      isTarget(descriptor) ? verifying(send(0), descriptor) : layout.open(descriptor),
    openRest: async (descriptor: Descriptor, prefix: ByteStream) => {
      let held = 0;
      for await (const chunk of prefix) held += chunk.length;
      return isTarget(descriptor) ? send(held) : undefined;
    },
  };
  return { source: createStoreSource(store), sent: () => sent };
}

async function open(source: Source): Promise<{ readonly copy: Copy; readonly target: TargetInfo }> {
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const copy = createCopy({ source, place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  const target = await copy.findTarget("t");
  if (target === undefined) throw new TypeError("not found");
  return { copy, target };
}

const atMost = content.length - wrongAt + 4 * 16_384;

test("wrong bytes that an earlier call left are fetched again from the wrong chunk on", async () => {
  const { source, sent } = sourceOf(content);
  const { copy, target } = await open(source);
  await writeFile(partialPath(destination, contentName(target.file)), wrong);
  expect(await copy.saveTarget(target, destination)).toBe("written");
  expect((await readFile(destination)).equals(content)).toBe(true);
  expect(sent()).toBeLessThanOrEqual(atMost);
});

test("a second site sends the rest alone if the first sent wrong bytes", async () => {
  const second = sourceOf(content);
  const { copy, target } = await open(createMirroredSource([sourceOf(wrong).source, second.source]));
  await copy.saveTarget(target, destination);
  expect((await readFile(destination)).equals(content)).toBe(true);
  expect(second.sent()).toBeLessThanOrEqual(atMost);
});

test("what was right before a wrong chunk is kept for the next call, and the wrong bytes get no name", async () => {
  const first = await open(sourceOf(wrong).source);
  await expectRefused(first.copy.saveTarget(first.target, destination), "OCI_DIGEST_MISMATCH");
  const held = await first.copy.heldBytes(first.target, destination);
  expect(held).toBeGreaterThan(wrongAt - 4 * 16_384);
  expect(held).toBeLessThanOrEqual(wrongAt);
  const { source, sent } = sourceOf(content);
  const next = await open(source);
  await next.copy.saveTarget(next.target, destination);
  expect((await readFile(destination)).equals(content)).toBe(true);
  expect(sent()).toBe(content.length - held);
});
