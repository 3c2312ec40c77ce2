/** Bytes of an update between two real versions, by dtuf and by others. */
import { cp, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { findPairs, type Pair } from "../pairs.ts";
import { installations, type PeerName } from "../peers.ts";
import { publisher } from "../repository.ts";
import type { Stage } from "../stage.ts";
import { formatBytes, formatMiB, formatMs, type Line } from "../table.ts";
import type { Row } from "./row.ts";

/** How each is installed. */
const needed = {
  zstd: "apt-get install zstd",
  xdelta3: "apt-get install xdelta3",
  bsdiff: "apt-get install bsdiff",
  desync: installations.go("github.com/folbricht/desync/cmd/desync"),
  bita: "cargo install --root .cache/peers bita",
} as const satisfies Partial<Record<PeerName, string>>;

/** bsdiff takes eight times the size in memory, and minutes for 100 MB. */
const bsdiffMaxBytes = 32 * 1024 * 1024;

/** DTUF_BENCH_PAIRS: the beginning of a pair's name, to measure that one alone. */
export const updates: Row = {
  id: "updates",
  async run(stage) {
    const lines: Line[] = [];
    for (const pair of await findPairs(process.env["DTUF_BENCH_PAIRS"])) lines.push(await measure(stage, pair));
    return lines;
  },
};

/** @throws Error if it is not there */
function peer(stage: Stage, name: keyof typeof needed): string {
  const found = stage.peers.find(name);
  if (found === undefined) throw new Error(`${name} is missing: ${needed[name]}`);
  return found.path;
}

async function measure(stage: Stage, pair: Pair): Promise<Line> {
  const { size } = await stat(pair.next);
  const share = (bytes: number): string => (Number.isNaN(bytes) ? "fails" : `${((100 * bytes) / size).toFixed(2)} %`);
  const own = await updateByDtuf(stage, pair);
  const others = await updateByOthers(stage, pair, size);
  const smallest = Math.min(own.chunks, ...others.filter(({ isPatch }) => isPatch).map(({ bytes }) => bytes));
  return {
    what: `update of ${pair.name} (${formatBytes(size)})`,
    dtuf: `${share(own.fetched)}, ${(own.fetched / smallest).toFixed(2)} times the smallest of the others' patches; ${own.cost}`,
    peers: [`chunks of dtuf ${share(own.chunks)}`, ...others.map(({ name, bytes }) => `${name} ${share(bytes)}`)].join(
      "; ",
    ),
  };
}

interface Own {
  readonly fetched: number;
  readonly chunks: number;
  /** Of making the patch, and of the pull. */
  readonly cost: string;
}

async function updateByDtuf(stage: Stage, { old, next }: Pair): Promise<Own> {
  const directory = await stage.fresh("updates");
  const repository = stage.repository();
  await publisher(stage, repository, [["app", old, "--no-patch"]]);
  const output = join(directory, "app");
  const pull = (...more: readonly string[]) =>
    stage.must(stage.dtuf(["pull-target", repository, "app", "--output", output, "--json", ...more]));
  await cp(old, output);
  await stage.must(stage.dtuf(["push-target", repository, "app", next, "--no-patch"]));
  await stage.must(stage.dtuf(["push-metadata", repository]));
  const chunks = fetchedOf((await pull("--explain")).stdout);
  // Back to the older version, so that the patch is from what is published.
  await stage.must(stage.dtuf(["push-target", repository, "app", old, "--no-patch"]));
  await stage.must(stage.dtuf(["push-metadata", repository]));
  const pushed = await stage.must(stage.dtuf(["push-target", repository, "app", next, "--patch-from", "published"]));
  await stage.must(stage.dtuf(["push-metadata", repository]));
  const pulled = await pull();
  const cost = [
    `push CPU ${formatMs(pushed.cpuMs)}, peak ${formatMiB(pushed.peakKiB)}`,
    `pull CPU ${formatMs(pulled.cpuMs)}, peak ${formatMiB(pulled.peakKiB)}`,
  ].join("; ");
  return { fetched: fetchedOf(pulled.stdout), chunks, cost };
}

function fetchedOf(json: string): number {
  const said = JSON.parse(json) as Readonly<Record<string, readonly { readonly fetchedBytes: number }[]>>;
  return (said["plan"] ?? said["targets"])?.[0]?.fetchedBytes ?? Number.NaN;
}

interface Other {
  readonly name: string;
  readonly bytes: number;
  /** Made from the older version, as one file. */
  readonly isPatch?: boolean;
}

async function updateByOthers(stage: Stage, { old, next }: Pair, size: number): Promise<readonly Other[]> {
  const at = await stage.fresh("others");
  const run = (argv: readonly string[]) => stage.must({ argv, cwd: at, env: stage.environment });
  const made = async (name: string): Promise<number> => (await stat(join(at, name))).size;
  const others: Other[] = [];
  const zstd = [peer(stage, "zstd"), "-12", "--long=27", "-q", "-f", next, "-o"];
  await run([...zstd, "full.zst"]);
  others.push({ name: "zstd of the new file", bytes: await made("full.zst") });
  await run([...zstd, "patch.zst", `--patch-from=${old}`]);
  others.push({ name: "zstd --patch-from", bytes: await made("patch.zst"), isPatch: true });
  await run([peer(stage, "xdelta3"), "-e", "-9", "-f", "-B", String(2 ** 28), "-s", old, next, "patch.xd3"]);
  others.push({ name: "xdelta3", bytes: await made("patch.xd3"), isPatch: true });
  const bsdiff = peer(stage, "bsdiff");
  if (size <= bsdiffMaxBytes) {
    await run([bsdiff, old, next, "patch.bs"]);
    others.push({ name: "bsdiff", bytes: await made("patch.bs"), isPatch: true });
  }
  const desync = peer(stage, "desync");
  for (const [name, file] of [
    ["old", old],
    ["new", next],
  ] as const)
    await run([desync, "make", "-s", await storeOf(at, name), `${name}.caibx`, file]);
  others.push({
    name: "desync with a seed",
    bytes: (await missing(join(at, "new"), join(at, "old"))) + (await made("new.caibx")),
  });
  await run([peer(stage, "bita"), "compress", "-f", "-i", next, "new.cba"]);
  const { stdout } = await run([peer(stage, "bita"), "clone", "-f", "--seed", old, "new.cba", "new.out"]).catch(() => ({
    stdout: "",
  }));
  others.push({ name: "bita with a seed", bytes: Number(/\((\d+) bytes\) from archive/.exec(stdout)?.[1]) });
  return others;
}

async function storeOf(at: string, name: string): Promise<string> {
  await mkdir(join(at, name), { recursive: true });
  return name;
}

/** Bytes of the chunks of one store that the other one lacks. */
async function missing(store: string, other: string): Promise<number> {
  const held = new Set(await readdir(other, { recursive: true }));
  let bytes = 0;
  for (const name of await readdir(store, { recursive: true }))
    if (!held.has(name)) bytes += (await stat(join(store, name))).size;
  return bytes;
}
