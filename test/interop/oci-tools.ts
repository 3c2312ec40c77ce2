/** OCI tools pull a published target, and one of several blobs, from a real registry: the bytes are those that were pushed. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { findTargetBlobs } from "@dtuf/format";
import { createMaster } from "@dtuf/master";
import { createRegistryClient } from "@dtuf/registry/remote";
import { fetchDebianRegistry, startRegistry } from "@dtuf/testing/machines/debian-registry";
import { installations, type PeerName, type Peers } from "../../bench/peers.ts";
import type { Outcome } from "./outcome.ts";

const run = promisify(execFile);

interface Published {
  readonly home: string;
  readonly host: string;
  /** host:port/name:tag of the target's manifest. */
  readonly image: string;
  /** Of its blobs. */
  readonly titles: readonly string[];
  /** host:port/name@digest of each of them. */
  readonly blobs: readonly string[];
  readonly bytes: Uint8Array;
}

type Pull = (path: string, published: Published) => Promise<Uint8Array>;

const options = { encoding: "buffer", maxBuffer: 1 << 26 } as const;

const tools: readonly (readonly [PeerName, string, Pull])[] = [
  [
    "oras",
    "oras.land/oras/cmd/oras",
    async (path, { home, image }) => {
      const pulled = await mkdtemp(join(home, "oras-"));
      await run(path, ["pull", "--plain-http", "-o", pulled, image]);
      const files = (await readdir(pulled)).toSorted().map((name) => readFile(join(pulled, name)));
      return Buffer.concat(await Promise.all(files));
    },
  ],
  [
    "crane",
    "github.com/google/go-containerregistry/cmd/crane",
    async (path, { blobs }) => joined(blobs.map((blob) => run(path, ["blob", "--insecure", blob], options))),
  ],
  [
    "regctl",
    "github.com/regclient/regclient/cmd/regctl",
    async (path, { host, image, titles }) => {
      const get = ["--host", `reg=${host},tls=disabled`, "artifact", "get", "--file"];
      return joined(titles.map((title) => run(path, [...get, title, image], options)));
    },
  ],
];

async function joined(runs: readonly Promise<{ readonly stdout: Buffer }>[]): Promise<Uint8Array> {
  return Buffer.concat((await Promise.all(runs)).map(({ stdout }) => stdout));
}

/** One target of a single blob, and one of two. */
async function publish(home: string, host: string): Promise<readonly Published[]> {
  const client = createRegistryClient({ registry: host, scheme: "http" });
  const store = client.repository("interop/tools");
  const master = createMaster({ store, place: host, directory: join(home, "master"), now: () => new Date() });
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  const at = `${host}/interop/tools`;
  const published: Published[] = [];
  for (const [name, partBytes] of [["hello.bin"], ["large.bin", 1_000_000]] as const) {
    // So large that the manifest has a chunk index too, which has no title.
    const bytes = randomBytes(1_500_000);
    const path = join(home, name);
    await writeFile(path, bytes);
    const file = await master.pushTarget(name, [{ kind: "file", path }], { ...(partBytes && { partBytes }) });
    const blobs = (findTargetBlobs(file) ?? []).map(({ digest }) => `${at}@${digest}`);
    const titles = blobs.length === 1 ? [name] : blobs.map((_, number) => `${name}.part-00${number + 1}`);
    published.push({ home, host, titles, image: `${at}:${file.hashes.get("sha256") ?? ""}.${name}`, blobs, bytes });
  }
  await master.pushMetadata();
  await client.close();
  return published;
}

export async function runOciTools(peers: Peers): Promise<readonly Outcome[]> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-interop-"));
  const binary = await fetchDebianRegistry({ cacheDirectory: resolve(import.meta.dirname, "../../.cache/debian") });
  const registry = await startRegistry({ binary, dataDirectory: join(home, "registry") });
  try {
    const published = await publish(home, registry.host);
    const outcomes: Outcome[] = [];
    for (const [name, module, pull] of tools) {
      const peer = peers.find(name);
      if (peer === undefined) {
        outcomes.push({ kind: "missing", peer: name, install: installations.go(module) });
        continue;
      }
      const faults = (await Promise.all(published.map((each) => faultsOf(pull(peer.path, each), each)))).flat();
      const did = "it pulls a target of ours, and the parts of one in order";
      outcomes.push({ kind: "ran", peer: `${name} ${peer.version} (${peer.path})`, did, faults });
    }
    return outcomes;
  } finally {
    await registry.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function faultsOf(pulled: Promise<Uint8Array>, { image, bytes }: Published): Promise<readonly string[]> {
  const got = await pulled.catch((error: unknown) => String(error));
  if (typeof got === "string") return [got];
  return Buffer.compare(got, bytes) === 0 ? [] : [`it pulled other bytes of ${image}`];
}
