import { createHash, randomBytes } from "node:crypto";
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { withTargetBlobs } from "@dtuf/format";
import { digestOf, type Progress, type RangeReader, type ReadStore } from "@dtuf/registry";
import { createTransport } from "@dtuf/registry/http";
import { createLayoutStore } from "@dtuf/registry/layout";
import { publishToDirectory, publishToStore, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createDirectorySource } from "../sources/directory-source.ts";
import { createHttpSource } from "../sources/http-source.ts";
import { createStoreSource } from "../sources/store-source.ts";
import { beforeEach, describe, expect, test } from "vitest";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { parseTargetPath } from "@dtuf/tuf";
import { createCopy, type Copy } from "../copy.ts";
import type { Source } from "../sources/source.ts";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { createFourTargets, pinOf } from "@dtuf/testing/tuf-simulator/four-targets";

const home = useDirectory();
let sim: TufSimulator;
const clock = createFixedClock("2030-01-02T00:00:00Z");
const large = randomBytes(3 * 1024 * 1024);

beforeEach(async () => {
  sim = await createFourTargets(large);
});

function createTestCopy(source: Source): Copy {
  return createCopy({ source, place: "x", directory: join(home, "copy"), now: clock.now });
}

const pin = (): ReturnType<typeof pinOf> => pinOf(sim);

const transport = createTransport({ now: () => new Date(), random: Math.random });

describe("a target's bytes", () => {
  async function servedWrong(bytes: Uint8Array): Promise<{ readonly copy: Copy; readonly file: string }> {
    const { metadataDirectory, targetDirectory } = await publishToDirectory(sim, join(home, "site"));
    const hash = createHash("sha256").update(large).digest("hex");
    const file = join(targetDirectory, "dir", `${hash}.large.bin`);
    await writeFile(file, bytes);
    const copy = createTestCopy(createDirectorySource({ metadataDirectory, targetDirectory }));
    await copy.pullMetadata({ pin: pin() });
    return { copy, file };
  }

  const flipped = Buffer.from(large);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;

  test.each([
    ["with one bit flipped", flipped, "TUF_HASH_MISMATCH"],
    ["cut short", large.subarray(0, -1), "TUF_LENGTH_MISMATCH"],
    ["with one byte more", Buffer.concat([large, Buffer.from("x")]), "TUF_LENGTH_MISMATCH"],
  ])("%s never reach a reader or a file", async (_how, bytes, code) => {
    const { copy } = await servedWrong(bytes);
    const target = await copy.findTarget(parseTargetPath("dir/large.bin"));
    if (target === undefined) throw new TypeError("not found");
    await expectRefused(copy.openTarget(target), code);
    const out = join(home, "out");
    await mkdir(out);
    await expectRefused(copy.saveTarget(target, join(out, "large.bin")), code);
    expect(await readdir(out)).toEqual([]);
    expect((await copy.pullMetadata()).updatedTargets).toContain("dir/large.bin");
  });

  test("are continued after an interrupted call, over HTTP with a range", async () => {
    await publishToDirectory(sim, join(home, "site"));
    await using server = await serveDirectory(join(home, "site"));
    const copy = createTestCopy(createHttpSource({ metadataUrl: server.url("/metadata"), transport }));
    await copy.pullMetadata({ pin: pin() });
    const target = await copy.findTarget(parseTargetPath("dir/large.bin"));
    if (target === undefined) throw new TypeError("not found");
    const out = join(home, "out");
    await mkdir(out);
    const controller = new AbortController();
    const onProgress = ({ bytes }: Progress): void => {
      if (bytes > 2_000_000) controller.abort();
    };
    const destination = join(out, "large.bin");
    await expect(copy.saveTarget(target, destination, { signal: controller.signal, onProgress })).rejects.toMatchObject(
      {
        name: "AbortError",
      },
    );
    const [partial = ""] = await readdir(out);
    expect(partial).toMatch(/^\.dtuf-[0-9a-f]{32}\.partial$/);
    const held = (await stat(join(out, partial))).size;
    await copy.saveTarget(target, destination);
    expect(server.requests.at(-1)?.headers.range).toBe(`bytes=${held}-`);
    expect((await readFile(destination)).equals(large)).toBe(true);
    expect(await readdir(out)).toEqual(["large.bin"]);
  });

  test.skipIf(process.getuid?.() !== 0)("are not continued in a file that another user owns", async () => {
    await publishToDirectory(sim, join(home, "site"));
    const source = createDirectorySource({ metadataDirectory: join(home, "site", "metadata") });
    const copy = createTestCopy(source);
    await copy.pullMetadata({ pin: pin() });
    const target = await copy.findTarget(parseTargetPath("dir/large.bin"));
    if (target === undefined) throw new TypeError("not found");
    const out = join(home, "out");
    await mkdir(out);
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const destination = join(out, "large.bin");
    await copy.saveTarget(target, destination, { signal: controller.signal, onProgress }).catch(() => undefined);
    const [partial = ""] = await readdir(out);
    await writeFile(join(out, partial), large.subarray(0, 1000));
    await chown(join(out, partial), 65_534, 65_534);
    await copy.saveTarget(target, destination);
    expect((await stat(destination)).uid).toBe(0);
    expect(await readdir(out)).toEqual(["large.bin"]);
  });

  test("of several blobs are continued in the interrupted blob", async () => {
    const blobs = [large, Buffer.from("small"), large.subarray(1)];
    const layout = createLayoutStore({ directory: join(home, "layout") });
    const descriptors = blobs.map((bytes) => ({ mediaType: "x/y", digest: digestOf(bytes), size: bytes.length }));
    for (const [index, descriptor] of descriptors.entries()) await layout.put(descriptor, blobs[index] ?? large);
    sim.addTarget("several", Buffer.concat(blobs), { custom: withTargetBlobs(undefined, descriptors) });
    await sim.publishRelease();
    await publishToStore(sim, layout);
    const opened: string[] = [];
    const store: ReadStore & Partial<RangeReader> = {
      ...layout,
      open: (descriptor, options) => (opened.push(descriptor.digest), layout.open(descriptor, options)),
      openRest: (descriptor, prefix, options) => (
        opened.push(`rest of ${descriptor.digest}`),
        layout.openRest(descriptor, prefix, options)
      ),
    };
    const copy = createTestCopy(createStoreSource(store));
    await copy.pullMetadata({ pin: pin() });
    const target = await copy.findTarget(parseTargetPath("several"));
    if (target === undefined) throw new TypeError("not found");
    const whole = Buffer.concat(blobs);
    const out = join(home, "out");
    await mkdir(out);
    const digests = descriptors.map(({ digest }) => digest);
    for (const [held, fetched] of [
      [large.length - 1, [`rest of ${digests[0]}`, ...digests.slice(1)]],
      [large.length, digests.slice(1)],
      [large.length + 6, [`rest of ${digests[2]}`]],
      [whole.length, []],
    ] as const) {
      const controller = new AbortController();
      const cut = { signal: controller.signal, onProgress: () => controller.abort() };
      await copy.saveTarget(target, join(out, "x"), cut).catch(() => undefined);
      const [partial = ""] = (await readdir(out)).filter((name) => name.endsWith(".partial"));
      await writeFile(join(out, partial), whole.subarray(0, held));
      opened.length = 0;
      await copy.saveTarget(target, join(out, "x"));
      expect(opened).toEqual(fetched);
      expect((await readFile(join(out, "x"))).equals(whole)).toBe(true);
      await rm(join(out, "x"));
    }
  });

  test("are fetched again from the beginning if the bytes on disk are wrong", async () => {
    const { copy } = await servedWrong(large);
    const target = await copy.findTarget(parseTargetPath("dir/large.bin"));
    if (target === undefined) throw new TypeError("not found");
    const controller = new AbortController();
    const onProgress = ({ bytes }: Progress): void => {
      if (bytes > 1_500_000) controller.abort();
    };
    const out = join(home, "out");
    await mkdir(out);
    await copy.saveTarget(target, join(out, "x"), { signal: controller.signal, onProgress }).catch(() => undefined);
    const [partial] = await readdir(out);
    await writeFile(join(out, partial ?? "none was kept"), Buffer.alloc(100_000, 7));
    await copy.saveTarget(target, join(out, "x"));
    expect((await readFile(join(out, "x"))).equals(large)).toBe(true);
    expect(await readdir(out)).toEqual(["x"]);
  });
});
