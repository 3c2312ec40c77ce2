/** A signed patch at every limit of the format: what a client takes of memory stays bounded. */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { createCopy, createStoreSource } from "@dtuf/copy";
import { createIndexMaker, encodePatchTable } from "@dtuf/delta";
import { indexMediaType, patchMediaType, withTargetIndex, withTargetPatches, type TargetPatch } from "@dtuf/format";
import { digestOf, type Descriptor } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { beforeAll, expect, test } from "vitest";
import { encodeNumbers } from "../../packages/delta/src/patch/numbers.ts";
import { encodeSteps, stepsMax } from "../../packages/delta/src/patch/steps.ts";
import { segmentMaxBytes } from "../../packages/delta/src/patch/table/patch-table.ts";

const mebi = 2 ** 20;
const segments = 3;
/** As many steps as a segment may have: each copies all but the last byte of such a block, and brings one new byte. */
const blockBytes = segmentMaxBytes / stepsMax;
const copied = blockBytes - 1;
const control = encodeSteps(Array.from({ length: stepsMax }, () => ({ seek: 0, copied, fresh: 1 })));

const hex = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const describe = (bytes: Uint8Array): Descriptor => ({
  mediaType: patchMediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
/** One frame that says its length, with matches that begin up to 16 MiB before. */
function pack(bytes: Uint8Array, prefix?: Uint8Array): Uint8Array {
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_windowLog]: 24 };
  const dictionary = prefix === undefined ? {} : { dictionary: prefix };
  return zlib.zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length, ...dictionary });
}

interface Step {
  readonly content: Uint8Array;
  readonly patch: TargetPatch;
  readonly bytes: Uint8Array;
}

/** The next version of a content, in which each block has another first and another last byte, and the patch that makes it. */
function nextVersion(old: Uint8Array, isLast: boolean): Step {
  const content = Uint8Array.from(old);
  for (let at = 0; at < content.length; at += blockBytes) content[at] = (content[at] ?? 0) + 1;
  for (let at = copied; at < content.length; at += blockBytes) content[at] = (content[at] ?? 0) * 3 + 1;
  const differences = pack(Uint8Array.from({ length: stepsMax * copied }, (_, at) => (at % copied === 0 ? 1 : 0)));
  const packedControl = pack(control);
  const coded = Array.from({ length: segments }, (_, number) => {
    const part = content.subarray(number * segmentMaxBytes, (number + 1) * segmentMaxBytes);
    const fresh = pack(Uint8Array.from({ length: stepsMax }, (_byte, step) => part[step * blockBytes + copied] ?? 0));
    const header = encodeNumbers([stepsMax, control.length, packedControl.length, differences.length]);
    return { part, bytes: Buffer.concat([header, packedControl, differences, fresh]) };
  });
  const table = encodePatchTable({
    oldLength: old.length,
    newLength: content.length,
    segments: coded.map(({ part, bytes }, number) => ({
      length: part.length,
      windowOffset: number * segmentMaxBytes,
      windowLength: segmentMaxBytes,
      coding: "differences",
      codedLength: bytes.length,
      sha256: createHash("sha256").update(part).digest(),
    })),
  });
  const bytes = Buffer.concat([table, ...coded.map((each) => each.bytes)]);
  const to = isLast ? {} : { to: { length: content.length, sha256: hex(content) } };
  const named = {
    from: hex(old),
    blob: describe(bytes),
    table: { digest: digestOf(table), size: table.length },
    ...to,
  };
  return { content, patch: named, bytes };
}

const home = useDirectory("all tests");
const registry = useHostileRegistry("all tests");
let content: Uint8Array;

beforeAll(async () => {
  const old = randomBytes(segments * segmentMaxBytes);
  await writeFile(join(home, "out"), old);
  const first = nextVersion(old, false);
  const second = nextVersion(first.content, false);
  const third = nextVersion(second.content, true);
  content = third.content;
  const steps = [first, second, third];
  const maker = createIndexMaker({ average: 2 ** 16 });
  maker.update(content);
  const index = maker.finish() ?? new Uint8Array();
  const indexed: Descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  const sim = await createTufSimulator();
  const custom = withTargetPatches(
    withTargetIndex(undefined, indexed),
    steps.map(({ patch }) => patch),
  );
  sim.addTarget("t", content, { custom });
  await sim.publishRelease();
  const client = createRegistryClient({ registry: registry.host, scheme: "http" });
  const store = client.repository("fred/demo");
  await store.put(indexed, index);
  for (const { patch, bytes } of steps) await store.put(patch.blob, bytes);
  await publishToStore(sim, store);
  const now = (): Date => new Date("2030-01-02");
  await using copy = createCopy({ source: createStoreSource(store), place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  await client.close();
  registry.clearLog();
});

test("a chain of patches with the longest segments, windows and steps takes at most 64 MiB above the start [T196]", async () => {
  const script = join(import.meta.dirname, "../kill/pull.ts");
  const words = ["--conditions=@dtuf/source", script, registry.host, join(home, "copy"), join(home, "out")];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const [before = 0, peak = 0] = (stdout.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  expect(Buffer.compare(await readFile(join(home, "out")), content)).toBe(0);
  expect(registry.requests.filter(({ path }) => path.endsWith(digestOf(content)))).toEqual([]);
  expect(peak - before).toBeLessThanOrEqual(64 * mebi);
});
