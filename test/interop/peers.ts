/** TUF's other implementations, each way: their repository is read through @dtuf/copy, one signed by @dtuf/tuf is read by them. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createDirectorySource, createStoreSource, type Source } from "@dtuf/copy";
import { verifyRepository, writePlainRepository, writeRepository, type VerifiedRepository } from "@dtuf/mirror/tuf";
import { createLayoutStore } from "@dtuf/registry/layout";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath, pathHash } from "@dtuf/tuf";
import { installations, type Peers } from "../../bench/peers.ts";
import type { Outcome } from "./outcome.ts";
import { servePlain } from "./plain-server.ts";
import { readRepository } from "./read-repository.ts";

const folder = import.meta.dirname;

export interface TufPeer {
  readonly name: string;
  readonly path: string;
  /** Kinds of keys that it knows. */
  readonly keys: readonly Keys[];
  readonly run: (words: readonly string[]) => Promise<string>;
}

export async function findPythonTuf(peers: Peers): Promise<TufPeer | undefined> {
  const python = process.env["DTUF_PEER_PYTHON"] ?? (await peers.findPython("tuf"))?.path;
  if (python === undefined) return undefined;
  const keys = ["classic", "ml-dsa"] as const;
  return { name: "python-tuf", path: python, keys, run: runner(python, [join(folder, "peers/python_tuf.py")]) };
}

/** Undefined: no Go. */
export async function buildGoTuf(home: string): Promise<TufPeer | undefined> {
  const go = process.env["DTUF_PEER_GO"] ?? "go";
  const path = join(home, "go-tuf-peer");
  try {
    await promisify(execFile)(go, ["build", "-o", path, "."], { cwd: join(folder, "peers/go-tuf") });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return {
    name: "go-tuf",
    path: `built with ${go} from test/interop/peers/go-tuf`,
    keys: ["classic"],
    run: runner(path),
  };
}

function runner(file: string, first: readonly string[] = []): TufPeer["run"] {
  return async (words) => (await promisify(execFile)(file, [...first, ...words])).stdout;
}

/** "ml-dsa": no role is signed without a key of ML-DSA (TAP 21). */
type Keys = "classic" | "ml-dsa";

async function readTheirs({ name, run }: TufPeer, keys: Keys, home: string): Promise<number> {
  const kept = keys === "classic" ? name : `${name}-${keys}`;
  const directory = join(home, kept);
  await run(["make", directory, ...(keys === "classic" ? [] : [keys])]);
  const root = await readFile(join(directory, "metadata", "1.root.json"));
  const source = createDirectorySource({ metadataDirectory: join(directory, "metadata") });
  const read = await readRepository(source, { root, now: new Date() });
  if (process.argv.includes("--write")) {
    const place = join(folder, "data", kept);
    await rm(place, { recursive: true, force: true });
    await cp(directory, place, { recursive: true });
    await writeFile(join(place, "expected.json"), `${JSON.stringify(Object.fromEntries(read), undefined, 2)}\n`);
  }
  return read.size;
}

async function createOurs(keys: Keys): Promise<TufSimulator> {
  const sim = await createTufSimulator({ now: new Date() });
  sim.addTarget("hello.txt", Buffer.from("hello"));
  sim.addTarget("dir/with space+plus.bin", Buffer.alloc(10_000, 7));
  sim.addDelegation("targets", { name: "team/ü", paths: ["team/*"], terminating: true });
  sim.addTarget("team/one", Buffer.from("one"), { role: "team/ü" });
  sim.addDelegation("targets", { name: "10", paths: ["numbers/*"] });
  sim.addDelegation("targets", { name: "9", paths: ["numbers/*"] });
  sim.addTarget("numbers/x", Buffer.from("ten is trusted first"), { role: "10" });
  sim.addTarget("numbers/x", Buffer.from("ten is trusted first"), { role: "9" });
  sim.addDelegation("targets", { name: "packages", paths: ["pkg/*"] });
  const bins = sim.addSuccinctRoles("packages", 3, "packages.bins");
  for (let index = 0; index < 12; index += 1) {
    const path = `pkg/${index}.whl`;
    // The first three bits of the path's hash choose among eight bins.
    const bin = Number.parseInt(pathHash(parseTargetPath(path)).slice(0, 1), 16) >> 1;
    sim.addTarget(path, Buffer.from(`package ${index}`), { role: bins[bin] ?? "" });
  }
  await sim.publishRelease();
  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) sim.rotateKeys(role);
  if (keys === "ml-dsa") requireMlDsa(sim);
  sim.root.version += 1;
  await sim.publishRoot();
  await sim.publishRelease();
  return sim;
}

function requireMlDsa(sim: TufSimulator): void {
  const kinds = { root: "ml-dsa-87", timestamp: "ml-dsa-44", snapshot: "ml-dsa-65", targets: "ml-dsa-65" } as const;
  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) {
    sim.addSigner(role, createTestSigner(kinds[role]));
    sim.root.roles[role].threshold = 2;
    sim.root.roles[role].families = new Map([["ml-dsa", 1]]);
  }
}

/** Into an OCI layout as `import-repository` does, and back into plain files as `export-repository` does. */
async function carry(metadataDirectory: string, root: Uint8Array, parent: string): Promise<string> {
  const home = await mkdtemp(join(parent, "carried-"));
  const verify = (source: Source, name: string): Promise<VerifiedRepository> =>
    verifyRepository({ source, root, directory: join(home, name), now: () => new Date() });
  const options = { directory: join(home, "whole"), concurrency: 4 };
  const store = createLayoutStore({ directory: join(home, "layout") });
  const imported = await verify(createDirectorySource({ metadataDirectory }), "state-in");
  await writeRepository(imported, { ...options, store });
  const exported = await verify(createStoreSource(store), "state-out");
  const directory = join(home, "exported");
  await writePlainRepository(exported, { directory, concurrency: 4 });
  return directory;
}

async function readOurs({ run }: TufPeer, keys: Keys, home: string): Promise<number> {
  const sim = await createOurs(keys);
  const directory = join(home, `ours-${keys}`);
  const { metadataDirectory } = await publishToDirectory(sim, directory);
  const first = sim.files.get("1.root.json") ?? new Uint8Array();
  await using server = await servePlain(await carry(metadataDirectory, first, directory));
  const wanted = await readRepository(createDirectorySource({ metadataDirectory }), { root: first, now: new Date() });
  const root = join(metadataDirectory, "1.root.json");
  const lines = [...wanted].map(([path, hash]) => `${hash} ${path}`);
  const said = (await run(["read", server.origin, root, ...wanted.keys()])).trim().split("\n");
  if (said.join("\n") !== lines.join("\n")) throw new TypeError(`wanted\n${lines.join("\n")}\ngot\n${said.join("\n")}`);
  return lines.length;
}

/** `--write` among the words of the command line keeps what the peers made under data/, where peers.test.ts reads it. */
export async function runTufPeers(peers: Peers): Promise<readonly Outcome[]> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-interop-"));
  try {
    const wanted = [
      ["python-tuf", installations.python, await findPythonTuf(peers)],
      ["go-tuf", "Go from https://go.dev/dl, or DTUF_PEER_GO", await buildGoTuf(home)],
    ] as const;
    const outcomes: Outcome[] = [];
    for (const [name, install, peer] of wanted) {
      outcomes.push(peer === undefined ? { kind: "missing", peer: name, install } : await exchange(peer, home));
    }
    return outcomes;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function exchange(peer: TufPeer, home: string): Promise<Outcome> {
  const version = (await peer.run(["version"])).trim();
  const did: string[] = [];
  for (const keys of peer.keys) {
    const [theirs, ours] = [await readTheirs(peer, keys, home), await readOurs(peer, keys, home)];
    did.push(
      `${keys} keys: we read ${theirs} targets of its repository, it reads ${ours} of ours, carried through an OCI layout`,
    );
  }
  return { kind: "ran", peer: `${peer.name} ${version} (${peer.path})`, did: did.join("; "), faults: [] };
}
