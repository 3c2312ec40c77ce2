/** The publisher on a real registry: in turns, pruned, garbage collected; and what other programs find there. */
import { execFile } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createMaster, type Master, type MasterStore, type TargetPart } from "@dtuf/master";
import { digestHex, digestOf } from "@dtuf/registry";
import { targetMediaType, targetTag } from "@dtuf/format";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { createSigner, parseTargetPath, parseUnverified, signDocument, specVersion } from "@dtuf/tuf";
import { fetchDebianRegistry, startRegistry, type RunningRegistry } from "@dtuf/testing/machines/debian-registry";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createPrivateKey } from "@dtuf/testing/keys";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cacheDirectory, uniqueRepository } from "../setup/registries.ts";

let binary: string;
const directory = useDirectory("all tests");
let registry: RunningRegistry;
let client: RegistryClient;
let clock: FixedClock;
let repository: string;

beforeAll(async () => {
  binary = await fetchDebianRegistry({ cacheDirectory: join(cacheDirectory(), "debian") });
  await start();
});
afterAll(() => stop());

const dataDirectory = (): string => join(directory, "data");

async function start(): Promise<void> {
  registry = await startRegistry({ binary, dataDirectory: dataDirectory() });
  const time = { now: () => new Date(), random: Math.random };
  client = createRegistryClient({ registry: registry.host, scheme: "http", transport: time, ...time });
}

async function stop(): Promise<void> {
  await client.close();
  await registry.stop();
}

/** As its operators run it: offline, and manifests without a tag go too. */
async function collectGarbage(): Promise<void> {
  await stop();
  await promisify(execFile)(binary, ["garbage-collect", "-m", join(dataDirectory(), "config.yml")], {
    maxBuffer: 64 * 1024 * 1024,
  });
  await start();
}

let root: Uint8Array;
let state: string;
beforeEach(async () => {
  clock = createFixedClock();
  repository = uniqueRepository("publisher");
  state = await mkdtemp(join(directory, "state-"));
  const master = open("master");
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  root = await master.rootFile();
});
afterEach(() => rm(state, { recursive: true, force: true }));

const store = (): ReturnType<RegistryClient["repository"]> => client.repository(repository);

function open(name: string, over: MasterStore = store()): Master {
  const concurrency = 8;
  return createMaster({ store: over, place: repository, directory: join(state, name), now: clock.now, concurrency });
}

const content = (text: string): TargetPart => ({
  kind: "content",
  content: {
    async *open(offset) {
      yield Buffer.from(text).subarray(offset);
    },
  },
});

async function readAll(names: readonly string[]): Promise<readonly (string | undefined)[]> {
  const set = await readRelease(store(), root, clock.now());
  return Promise.all(names.map((name) => readTarget(store(), set, name)));
}

interface Layer {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function get(path: string): Promise<Response> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const response = await fetch(`http://${registry.host}/v2/${repository}/${path}`, { headers: { accept } });
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
  return response;
}

/** What `oras pull` does with a tag: each layer with a title becomes a file of that name. */
async function pullAsOras(tag: string): Promise<ReadonlyMap<string, string>> {
  const { layers } = (await (await get(`manifests/${tag}`)).json()) as { readonly layers: readonly Layer[] };
  const files = new Map<string, string>();
  for (const { digest, annotations } of layers) {
    const title = annotations?.["org.opencontainers.image.title"];
    if (title !== undefined) files.set(title, await (await get(`blobs/${digest}`)).text());
  }
  return files;
}

/** Signed by their own people. */
async function delegateTools(master: Master, version: number, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  await store().put({ mediaType: targetMediaType, digest, size: bytes.length }, bytes);
  const key = createPrivateKey();
  const file = { length: bytes.length, hashes: new Map([["sha256", digestHex(digest)]]), unrecognized: {} };
  const targets = new Map([[parseTargetPath("tools/hammer"), file]]);
  const document = {
    type: "targets",
    specVersion,
    version,
    expires: new Date("2040-01-01"),
    targets,
    unrecognized: {},
  };
  const metadata = await signDocument({ ...document, type: "targets" }, [createSigner(key)]);
  const pem = String(createPublicKey(key).export({ format: "pem", type: "spki" }));
  await master.delegate("tools", { paths: ["tools/*"], keys: [pem], metadata });
}

const patience = { timeout: 300_000 };

/** As if the role had had so many targets from the beginning. The registry itself reads every tag to delete one. */
async function deleteOwnTags(names: readonly string[]): Promise<void> {
  const tags = join(dataDirectory(), "content/docker/registry/v2/repositories", repository, "_manifests/tags");
  for (const name of names) {
    await rm(join(tags, targetTag(digestHex(digestOf(Buffer.from(name))), parseTargetPath(name))), { recursive: true });
  }
}

describe("a publisher on docker-registry", () => {
  test("publishes in turns with another, and any OCI tool can read what it published", async () => {
    const master = open("master");
    await master.pushTarget("a", [content("A")]);
    await master.pushTarget("parts", [content("one "), { kind: "target", name: "a" }]);
    await master.pushMetadata();
    await cp(join(state, "master"), join(state, "other"), { recursive: true });
    const other = open("other");
    await other.pushTarget("b", [content("B")]);
    expect(await other.pushMetadata()).toMatchObject({ rebased: 0, versions: { timestamp: 2 } });
    await master.deleteTarget("a");
    expect(await master.pushMetadata()).toMatchObject({ rebased: 0, versions: { timestamp: 3 } });
    expect(await master.refreshMetadata()).toMatchObject({ versions: { timestamp: 4, targets: 3 } });
    expect(await readAll(["a", "b", "parts"])).toEqual([undefined, "B", "one A"]);
    const sha256 = digestHex(digestOf(Buffer.from("one A")));
    expect([...(await pullAsOras(`${sha256}.parts`))]).toEqual([
      ["parts.part-001", "one "],
      ["parts.part-002", "A"],
    ]);
    expect([...(await pullAsOras("latest")).keys()]).toContain("timestamp.json");
  });

  test("shows a delegated role to Docker's reader under its plain name, and moves it to each new version", async () => {
    const master = open("master");
    for (const [version, text] of [
      [1, "one"],
      [2, "two"],
    ] as const) {
      await delegateTools(master, version, text);
      await master.pushMetadata();
      const { layers } = (await (await get("manifests/tools")).json()) as { readonly layers: readonly Layer[] };
      const layer = layers.find(({ annotations }) => annotations?.["tuf.io/filename"] === `${version}.tools.json`);
      const bytes = new Uint8Array(await (await get(`blobs/${layer?.digest}`)).arrayBuffer());
      expect(parseUnverified(bytes, "targets").version).toBe(version);
      expect(await readAll(["tools/hammer"])).toEqual([text]);
    }
  });

  test("prunes: the last release and the one before it stay whole, what only older ones had is gone", async () => {
    const master = open("master");
    await master.pushTarget("old", [content("old bytes")]);
    await master.pushTarget("kept", [content("kept bytes")]);
    await master.pushMetadata();
    await master.deleteTarget("old");
    await master.pushMetadata();
    clock.advance({ days: 10 });
    await master.pushMetadata();
    expect(await master.prune()).toMatchObject({ releases: [1], manifests: 2 });
    expect(await readAll(["old", "kept"])).toEqual([undefined, "kept bytes"]);
    const kept = `${digestHex(digestOf(Buffer.from("kept bytes")))}.kept`;
    expect([...(await pullAsOras(kept))]).toEqual([["kept", "kept bytes"]]);
    await expect(get("manifests/release.1")).rejects.toThrow("404");
    const old = Buffer.from("old bytes");
    expect(await store().has({ mediaType: targetMediaType, digest: digestOf(old), size: old.length })).toBe(false);
    await collectGarbage();
    expect(await readAll(["old", "kept"])).toEqual([undefined, "kept bytes"]);
    expect([...(await pullAsOras("release.2")).keys()]).toContain("2.targets.json");
  });

  test("survives the registry's garbage collection: targets, parts, delegated roles, what is staged", async () => {
    const master = open("master");
    await master.pushTarget("a", [content("A")]);
    await master.pushTarget("parts", [content("one "), content("two")]);
    await delegateTools(master, 1, "hammer");
    await master.pushMetadata();
    await master.pushTarget("staged", [content("waiting")]);
    await collectGarbage();
    expect(await readAll(["a", "parts", "tools/hammer"])).toEqual(["A", "one two", "hammer"]);
    await open("master").pushMetadata();
    await collectGarbage();
    expect(await readAll(["a", "parts", "tools/hammer", "staged"])).toEqual(["A", "one two", "hammer", "waiting"]);
  });

  test("survives it with a role of more than 1,000 targets, kept by its own manifests alone", patience, async () => {
    const master = open("master");
    const names = Array.from({ length: 1001 }, (_, n) => `t/${n}`);
    await master.pushTargets(names.map((name) => ({ name, parts: [content(name)] })));
    await master.pushMetadata();
    await deleteOwnTags(names);
    await collectGarbage();
    expect(await readAll(names)).toEqual(names);
    expect((await pullAsOras("meta.1-1.targets")).get("t/1000")).toBe("t/1000");
  });
});

test("a registry that does not delete says so; what was published stands", async () => {
  await using remote = await createRemoteRepository({ without: ["manifest-delete", "tag-delete", "blob-delete"] });
  const master = open("frozen", remote.store);
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  const pin = await master.rootFile();
  await master.pushTarget("old", [content("old")]);
  for (let release = 0; release < 3; release++) {
    clock.advance({ days: 10 });
    await master.pushMetadata();
  }
  await expectRefused(master.prune(), "OCI_UNSUPPORTED");
  await master.deleteTarget("old");
  await expect(master.pushMetadata()).resolves.toMatchObject({ rebased: 0 });
  expect(await readTarget(remote.store, await readRelease(remote.store, pin, clock.now()), "old")).toBeUndefined();
});
