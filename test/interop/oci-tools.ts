/** OCI tools pull a published target from a real registry: its bytes are those that were pushed. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { createMaster } from "@dtuf/master";
import { digestOf } from "@dtuf/registry";
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
  /** host:port/name@digest of its blob. */
  readonly blob: string;
  readonly bytes: Uint8Array;
}

type Pull = (path: string, published: Published) => Promise<Uint8Array>;

const options = { encoding: "buffer", maxBuffer: 1 << 26 } as const;

const tools: readonly (readonly [PeerName, string, Pull])[] = [
  [
    "oras",
    "oras.land/oras/cmd/oras",
    async (path, { home, image }) => {
      await run(path, ["pull", "--plain-http", "-o", join(home, "oras"), image]);
      return readFile(join(home, "oras", "hello.bin"));
    },
  ],
  [
    "crane",
    "github.com/google/go-containerregistry/cmd/crane",
    async (path, { blob }) => (await run(path, ["blob", "--insecure", blob], options)).stdout,
  ],
  [
    "regctl",
    "github.com/regclient/regclient/cmd/regctl",
    async (path, { host, image }) =>
      (
        await run(
          path,
          ["--host", `reg=${host},tls=disabled`, "artifact", "get", "--file", "hello.bin", image],
          options,
        )
      ).stdout,
  ],
];

async function publish(home: string, host: string): Promise<Published> {
  // So large that the manifest has a chunk index too, which has no title.
  const bytes = randomBytes(1_500_000);
  await writeFile(join(home, "hello.bin"), bytes);
  const client = createRegistryClient({ registry: host, scheme: "http" });
  const store = client.repository("interop/tools");
  const master = createMaster({ store, place: host, directory: join(home, "master"), now: () => new Date() });
  await master.createRootKey();
  await master.createMetadataKeys();
  await master.createMetadata();
  await master.pushTarget("hello.bin", [{ kind: "file", path: join(home, "hello.bin") }]);
  await master.pushMetadata();
  await client.close();
  const digest = digestOf(bytes);
  const name = `${host}/interop/tools`;
  return { home, host, image: `${name}:${digest.slice("sha256:".length)}.hello.bin`, blob: `${name}@${digest}`, bytes };
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
      const got = await pull(peer.path, published).catch((error: unknown) => String(error));
      const isRight = typeof got !== "string" && Buffer.compare(got, published.bytes) === 0;
      const faults = isRight ? [] : [typeof got === "string" ? got : "it pulled other bytes"];
      outcomes.push({
        kind: "ran",
        peer: `${name} ${peer.version} (${peer.path})`,
        did: "it pulls a target of ours",
        faults,
      });
    }
    return outcomes;
  } finally {
    await registry.stop();
    await rm(home, { recursive: true, force: true });
  }
}
