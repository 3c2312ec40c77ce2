/** Two downloads of one target to one file, each by a copy with a state of its own, as two users of one machine would have. */
import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, type ByteStream } from "@dtuf/registry";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy } from "../copy.ts";
import { createStoreSource } from "../sources/store-source.ts";

const content = Buffer.alloc(300_000, "right");
const home = useDirectory();
let sim: TufSimulator;
let store: LayoutStore;

beforeEach(async () => {
  sim = await createTufSimulator();
  sim.addTarget("app", content);
  await sim.publishRelease();
  store = createLayoutStore({ directory: join(home, "registry"), now: () => new Date("2030-01-02") });
  await publishToStore(sim, store);
  await mkdir(join(home, "out"));
  await symlink("out", join(home, "other"));
});

async function save(name: string, from: LayoutStore, to: string): Promise<void> {
  const source = createStoreSource(from);
  const now = (): Date => new Date("2030-01-02");
  await using copy = createCopy({ source, place: "x", directory: join(home, name), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  const target = await copy.findTarget(parseTargetPath("app"));
  if (target === undefined) throw new TypeError("there is no target");
  await copy.saveTarget(target, join(home, to, "app"));
}

/** A store that sends half of these bytes for the target, and the rest when `go` is called. */
function createSlowStore(bytes: Uint8Array): {
  readonly store: LayoutStore;
  readonly began: Promise<void>;
  readonly go: () => void;
} {
  const began = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  async function* send(): ByteStream {
    yield Uint8Array.from(bytes.subarray(0, 200_000));
    began.resolve();
    await gate.promise;
    yield Uint8Array.from(bytes.subarray(200_000));
  }
  const open: LayoutStore["open"] = (descriptor, options) =>
    descriptor.digest === digestOf(content) ? Promise.resolve(send()) : store.open(descriptor, options);
  return { store: { ...store, open }, began: began.promise, go: gate.resolve };
}

describe.each([
  ["by the same path", "out"],
  ["by a path through a link", "other"],
])("a download to a file that another one is writing to, %s", (_how, to) => {
  test("is not changed by the other, which gets wrong bytes and is refused [T272]", async () => {
    const slow = createSlowStore(Buffer.alloc(content.length, "wrong"));
    const other = save("slow", slow.store, "out");
    await slow.began;
    await save("fast", store, to);
    expect(await readFile(join(home, "out", "app"))).toEqual(content);
    slow.go();
    await expectRefused(other, "TUF_HASH_MISMATCH");
    expect(await readFile(join(home, "out", "app"))).toEqual(content);
    expect(await readdir(join(home, "out"))).toEqual(["app"]);
  });

  test("and the other both succeed if both get the right bytes, and leave nothing else", async () => {
    const slow = createSlowStore(content);
    const other = save("slow", slow.store, "out");
    await slow.began;
    await save("fast", store, to);
    slow.go();
    await other;
    expect(await readFile(join(home, "out", "app"))).toEqual(content);
    expect(await readdir(join(home, "out"))).toEqual(["app"]);
  });
});
