import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeRelease, latestTag, withTargetBlobs } from "@dtuf/format";
import { digestOf } from "@dtuf/registry";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { Updater } from "tuf-js";
import { beforeEach, expect, test } from "vitest";
import { createTufJsFetcher } from "./fetcher.ts";

const home = useDirectory();
let sim: TufSimulator;
let store: LayoutStore;

beforeEach(async () => {
  store = createLayoutStore({ directory: join(home, "layout") });
  sim = await createTufSimulator({ now: new Date() });
  await mkdir(join(home, "metadata"));
  await mkdir(join(home, "targets"));
  await writeFile(join(home, "metadata", "root.json"), sim.files.get("1.root.json") ?? "");
});

function createUpdater(): Updater {
  const urls = { metadataBaseUrl: "oci://demo/metadata", targetBaseUrl: "oci://demo/targets" };
  const fetcher = createTufJsFetcher({ store, ...urls });
  return new Updater({ metadataDir: join(home, "metadata"), targetDir: join(home, "targets"), ...urls, fetcher });
}

async function download(path: string): Promise<Buffer> {
  const updater = createUpdater();
  const target = await updater.getTargetInfo(path);
  if (target === undefined) throw new TypeError(`${path} was not found`);
  return readFile(await updater.downloadTarget(target));
}

test("tuf-js refreshes from a store, follows delegations and downloads", async () => {
  const bytes = randomBytes(200_000);
  sim.addTarget("a.bin", bytes);
  sim.addDelegation("targets", { name: "team/a", paths: ["team/*"] });
  sim.addTarget("team/b c.txt", Buffer.from("delegated"), { role: "team/a" });
  await sim.publishRelease();
  await publishToStore(sim, store);
  expect((await download("a.bin")).equals(bytes)).toBe(true);
  expect((await download("team/b c.txt")).toString()).toBe("delegated");
});

test("tuf-js reads a target of several blobs as one file", async () => {
  const parts = [Buffer.from("one "), Buffer.from("two")];
  const blobs = parts.map((bytes) => ({ mediaType: "x/y", digest: digestOf(bytes), size: bytes.length }));
  for (const [index, bytes] of parts.entries()) {
    const blob = blobs[index];
    if (blob !== undefined) await store.put(blob, bytes);
  }
  sim.addTarget("both", Buffer.concat(parts), { custom: withTargetBlobs(undefined, blobs) });
  await sim.publishRelease();
  await publishToStore(sim, store);
  expect((await download("both")).toString()).toBe("one two");
});

test("tuf-js follows a rotated root and ends the chain at the last root", async () => {
  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) sim.rotateKeys(role);
  sim.root.version = 2;
  await sim.publishRoot();
  await sim.publishRelease();
  await publishToStore(sim, store);
  await createUpdater().refresh();
  const root = JSON.parse(await readFile(join(home, "metadata", "root.json"), "utf8")) as {
    signed: { version: number };
  };
  expect(root.signed.version).toBe(2);
});

test("tuf-js refuses `latest` moved back", async () => {
  await publishToStore(sim, store);
  const before = await store.resolve(latestTag, { want: "digest" });
  await sim.publishRelease();
  await publishToStore(sim, store);
  await createUpdater().refresh();
  if (before !== undefined) await store.tag(latestTag, before.descriptor);
  await expect(createUpdater().refresh()).rejects.toThrow(/timestamp/);
});

test("a version beyond the safe integers is not found, even if it would round to an existing one", async () => {
  const files = [{ name: "9007199254740992.root.json", bytes: Buffer.from("{}") }];
  const { manifest, blobs } = encodeRelease({ files, timestampVersion: 1 });
  for (const { descriptor, bytes } of blobs) await store.put(descriptor, bytes);
  await store.put(manifest.descriptor, manifest.bytes, { tags: [latestTag] });
  const urls = { metadataBaseUrl: "oci://demo/metadata", targetBaseUrl: "oci://demo/targets" };
  const fetcher = createTufJsFetcher({ store, ...urls });
  for (const version of ["9007199254740992", "9007199254740993"]) {
    const url = `oci://demo/metadata/${version}.root.json`;
    await expect(fetcher.downloadBytes(url, 1000)).rejects.toMatchObject({ statusCode: 404 });
  }
});
