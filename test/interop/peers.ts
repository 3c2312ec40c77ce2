/** TUF's other implementations, each way: their repository is read through @dtuf/copy, one signed by @dtuf/tuf is read by them. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createDirectorySource } from "@dtuf/copy";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { installations, type Peers } from "../../bench/peers.ts";
import type { Outcome } from "./outcome.ts";
import { servePlain } from "./plain-server.ts";
import { readRepository } from "./read-repository.ts";

const folder = import.meta.dirname;

interface Peer {
  readonly name: string;
  readonly path: string;
  readonly run: (words: readonly string[]) => Promise<string>;
}

async function findPythonTuf(peers: Peers): Promise<Peer | undefined> {
  const python = process.env["DTUF_PEER_PYTHON"] ?? (await peers.findPython("tuf"))?.path;
  if (python === undefined) return undefined;
  return { name: "python-tuf", path: python, run: runner(python, [join(folder, "peers/python_tuf.py")]) };
}

/** Undefined: no Go. */
async function buildGoTuf(home: string): Promise<Peer | undefined> {
  const go = process.env["DTUF_PEER_GO"] ?? "go";
  const path = join(home, "go-tuf-peer");
  try {
    await promisify(execFile)(go, ["build", "-o", path, "."], { cwd: join(folder, "peers/go-tuf") });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return { name: "go-tuf", path: `built with ${go} from test/interop/peers/go-tuf`, run: runner(path) };
}

function runner(file: string, first: readonly string[] = []): Peer["run"] {
  return async (words) => (await promisify(execFile)(file, [...first, ...words])).stdout;
}

async function readTheirs({ name, run }: Peer, home: string): Promise<number> {
  const directory = join(home, name);
  await run(["make", directory]);
  const root = await readFile(join(directory, "metadata", "1.root.json"));
  const source = createDirectorySource({ metadataDirectory: join(directory, "metadata") });
  const read = await readRepository(source, { root, now: new Date() });
  if (process.argv.includes("--write")) {
    const kept = join(folder, "data", name);
    await rm(kept, { recursive: true, force: true });
    await cp(directory, kept, { recursive: true });
    await writeFile(join(kept, "expected.json"), `${JSON.stringify(Object.fromEntries(read), undefined, 2)}\n`);
  }
  return read.size;
}

async function createOurs(): Promise<TufSimulator> {
  const sim = await createTufSimulator({ now: new Date() });
  sim.addTarget("hello.txt", Buffer.from("hello"));
  sim.addTarget("dir/with space+plus.bin", Buffer.alloc(10_000, 7));
  sim.addDelegation("targets", { name: "team/ü", paths: ["team/*"], terminating: true });
  sim.addTarget("team/one", Buffer.from("one"), { role: "team/ü" });
  sim.addDelegation("targets", { name: "10", paths: ["numbers/*"] });
  sim.addDelegation("targets", { name: "9", paths: ["numbers/*"] });
  sim.addTarget("numbers/x", Buffer.from("ten is trusted first"), { role: "10" });
  sim.addTarget("numbers/x", Buffer.from("ten is trusted first"), { role: "9" });
  await sim.publishRelease();
  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) sim.rotateKeys(role);
  sim.root.version += 1;
  await sim.publishRoot();
  await sim.publishRelease();
  return sim;
}

async function readOurs({ run }: Peer, home: string): Promise<number> {
  const sim = await createOurs();
  const directory = join(home, "ours");
  const { metadataDirectory } = await publishToDirectory(sim, directory);
  await using server = await servePlain(directory);
  const wanted = await readRepository(createDirectorySource({ metadataDirectory }), {
    root: sim.files.get("1.root.json") ?? new Uint8Array(),
    now: new Date(),
  });
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

async function exchange(peer: Peer, home: string): Promise<Outcome> {
  const version = (await peer.run(["version"])).trim();
  const [theirs, ours] = [await readTheirs(peer, home), await readOurs(peer, home)];
  const did = `we read ${theirs} targets of its repository, it reads ${ours} of ours`;
  return { kind: "ran", peer: `${peer.name} ${version} (${peer.path})`, did, faults: [] };
}
