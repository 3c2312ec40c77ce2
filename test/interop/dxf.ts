/** The Python dxf and ours on one real registry: each reads what the other pushed, and both say the same of it. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { fetchDebianRegistry, startRegistry } from "@dtuf/testing/machines/debian-registry";
import { installations, type Peers } from "../../bench/peers.ts";
import type { Outcome } from "./outcome.ts";

const run = promisify(execFile);
const folder = import.meta.dirname;
const bin = resolve(folder, "../../packages/cli/src/bin/dxf.ts");

/** One of the two programs: what it prints. */
type Dxf = (...words: readonly string[]) => Promise<string>;

interface Pair {
  readonly home: string;
  readonly pusher: Dxf;
  readonly reader: Dxf;
}

const large = randomBytes(3_000_000);

/** Pushes one way and has both tell about it. Gives the commands on which they do not agree. */
async function compare(repo: string, { home, pusher, reader }: Pair): Promise<readonly string[]> {
  await writeFile(join(home, "hello"), "hello\n");
  await writeFile(join(home, "large"), large);
  const one = (await pusher("push-blob", repo, "hello", "@alone")).trim();
  const two = (await pusher("push-blob", repo, "large")).trim();
  await pusher("set-alias", repo, "both", two, one, "./hello");
  const questions = [
    ...["alone", "both"].flatMap((alias) => [
      ["get-alias", repo, alias],
      ["get-digest", repo, alias],
      ["get-manifest", repo, alias],
      ["blob-size", repo, `@${alias}`],
      ["pull-blob", repo, `@${alias}`],
    ]),
    ["get-alias", repo, "alone", "both"],
    ["blob-size", repo, one, two],
    ["pull-blob", repo, one, two],
    ["list-aliases", repo],
    ["list-repos"],
  ];
  const differing: string[] = [];
  for (const words of questions) {
    const [told, expected] = [await reader(...words), await pusher(...words)];
    if (told !== expected) differing.push(words.join(" "));
  }
  // Each deletes what the other made.
  if ((await reader("del-alias", repo, "alone")).trim() !== one) differing.push("del-alias");
  await reader("del-blob", repo, two);
  const gone = await pusher("pull-blob", repo, two).then(
    () => false,
    () => true,
  );
  return gone ? differing : [...differing, "del-blob"];
}

/** The program is looked for as the bench does. */
export async function runDxf(peers: Peers): Promise<Outcome> {
  const peer = peers.find("dxf");
  if (peer === undefined) return { kind: "missing", peer: "dxf (Python)", install: installations.python };
  const name = `dxf ${peer.version} (${peer.path})`;
  const home = await mkdtemp(join(tmpdir(), "dtuf-interop-"));
  const binary = await fetchDebianRegistry({ cacheDirectory: resolve(folder, "../../.cache/debian") });
  const registry = await startRegistry({ binary, dataDirectory: join(home, "registry") });
  const options = {
    cwd: home,
    env: { PATH: process.env["PATH"], DXF_HOST: registry.host, DXF_INSECURE: "1" },
    encoding: "latin1",
    maxBuffer: 1 << 26,
  } as const;
  const theirs: Dxf = async (...words) => (await run(peer.path, words, options)).stdout;
  const ours: Dxf = async (...words) =>
    (await run(process.execPath, ["--conditions=@dtuf/source", bin, ...words], options)).stdout;
  const faults: string[] = [];
  try {
    for (const [what, pusher, reader] of [
      ["dxf reads what we push", ours, theirs],
      ["we read what dxf pushes", theirs, ours],
    ] as const) {
      const differing = await compare(`interop/${randomBytes(4).toString("hex")}`, { home, pusher, reader });
      faults.push(...differing.map((words) => `${what}, they differ: ${words}`));
    }
  } finally {
    await registry.stop();
    await rm(home, { recursive: true, force: true });
  }
  return { kind: "ran", peer: name, did: "each reads what the other pushed, and both say the same of it", faults };
}
