/**
 * `pnpm interop`: the other implementations that this machine has, each way: a repository that the peer makes is read
 * through @dtuf/copy, and one that is signed by @dtuf/tuf is read by the peer.
 *
 *     DTUF_PEER_PYTHON   a python that has python-tuf       (default python3)
 *     DTUF_PEER_GO       a go that can build peers/go-tuf   (default go)
 *
 * `pnpm interop --write` keeps what the peers made under data/, where peers.test.ts reads it.
 */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createDirectorySource } from "@dtuf/copy";
import { publishToDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { servePlain } from "./plain-server.ts";
import { readRepository } from "./read-repository.ts";

const folder = import.meta.dirname;
const home = await mkdtemp(join(tmpdir(), "dtuf-interop-"));

interface Peer {
  readonly name: string;
  readonly version: string;
  readonly run: (words: readonly string[]) => Promise<string>;
}

async function findPeers(): Promise<readonly Peer[]> {
  const python = process.env["DTUF_PEER_PYTHON"] ?? "python3";
  const go = process.env["DTUF_PEER_GO"] ?? "go";
  const program = join(home, "go-tuf-peer");
  return [
    ...(await findPeer("python-tuf", { file: python, first: [join(folder, "peers/python_tuf.py")] })),
    ...(await findPeer("go-tuf", {
      file: program,
      build: () => promisify(execFile)(go, ["build", "-o", program, "."], { cwd: join(folder, "peers/go-tuf") }),
    })),
  ];
}

interface Command {
  readonly file: string;
  readonly first?: readonly string[];
  readonly build?: () => Promise<unknown>;
}

async function findPeer(name: string, { file, first = [], build }: Command): Promise<readonly Peer[]> {
  const run = async (words: readonly string[]): Promise<string> =>
    (await promisify(execFile)(file, [...first, ...words])).stdout;
  try {
    await build?.();
    return [{ name, version: (await run(["version"])).trim(), run }];
  } catch (error) {
    console.log(`${name}: not found (${error instanceof Error ? error.message.split("\n", 1)[0] : String(error)})`);
    return [];
  }
}

async function readTheirs({ name, run }: Peer): Promise<number> {
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

async function readOurs({ run }: Peer): Promise<number> {
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

try {
  for (const peer of await findPeers()) {
    console.log(`${peer.name} ${peer.version}: we read ${await readTheirs(peer)} targets of its repository`);
    console.log(`${peer.name} ${peer.version}: it reads ${await readOurs(peer)} targets of ours`);
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
