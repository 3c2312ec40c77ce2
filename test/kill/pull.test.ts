/** A pull that is killed again and again goes on each time where it was. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createCopy, createStoreSource } from "@dtuf/copy";
import { chooseAverage, createIndexMaker, parseChunkIndex, type ChunkIndex } from "@dtuf/delta";
import { indexMediaType, withTargetIndex } from "@dtuf/format";
import { digestOf } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, expect, test } from "vitest";

const mebibyte = 1024 * 1024;
const content = randomBytes(300 * mebibyte);
const digest = digestOf(content);
const kills = 10;
const home = useDirectory("all tests");
const registry = useHostileRegistry("all tests");
let index: ChunkIndex;

beforeAll(async () => {
  const sim = await createTufSimulator();
  const maker = createIndexMaker({ average: chooseAverage(content.length) });
  maker.update(content);
  const bytes = maker.finish() ?? new Uint8Array();
  index = parseChunkIndex(bytes, { length: content.length, sha256: digest.slice("sha256:".length) });
  const descriptor = { mediaType: indexMediaType, digest: digestOf(bytes), size: bytes.length };
  sim.addTarget("t", content, { custom: withTargetIndex(undefined, descriptor) });
  await sim.publishRelease();
  const client = createRegistryClient({ registry: registry.host, scheme: "http" });
  const store = client.repository("fred/demo");
  await store.put(descriptor, bytes);
  await publishToStore(sim, store);
  const now = (): Date => new Date("2030-01-02");
  await using copy = createCopy({ source: createStoreSource(store), place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  await client.close();
  registry.clearLog();
}, 120_000);

/** The process, and the lines that it writes. */
function start(host: string): { readonly child: ChildProcess; readonly lines: AsyncIterable<string> } {
  const script = new URL("pull.ts", import.meta.url).pathname;
  const words = ["--conditions=@dtuf/source", script, host, join(home, "copy"), join(home, "out")];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  return { child, lines: createInterface({ input: child.stdout }) };
}

interface Place {
  readonly from: number;
  readonly to: number;
}

/** The chunks of the partial file that are right, and their bytes. */
async function findKept(): Promise<{ readonly places: readonly Place[]; readonly bytes: number }> {
  const name = (await readdir(home)).find((each) => each.endsWith(".partial"));
  if (name === undefined) return { places: [], bytes: 0 };
  const file = await readFile(join(home, name));
  const chunks = Array.from({ length: index.count }, (_, number) => index.chunk(number));
  const right = chunks.filter(({ offset, length, sha256 }) =>
    createHash("sha256")
      .update(file.subarray(offset, offset + length))
      .digest()
      .equals(sha256),
  );
  const places = right.map(({ offset, length }) => ({ from: offset, to: offset + length }));
  return { places, bytes: right.reduce((sum, { length }) => sum + length, 0) };
}

/** Sends each connection at most 10 MB a second, and no more than the connection takes; counts what it sends. */
function createSlowProxy(): { readonly server: Server; readonly sent: () => number } {
  let sent = 0;
  const server = createServer((from) => {
    const to = connect(Number(registry.host.split(":")[1]));
    for (const socket of [from, to]) socket.on("error", () => (from.destroy(), to.destroy()));
    from.pipe(to);
    to.on("data", (bytes: Buffer) => {
      sent += bytes.length;
      to.pause();
      from.write(bytes, () => setTimeout(() => to.resume(), bytes.length / 10_000));
    });
    to.on("end", () => from.end());
  });
  return { server, sent: () => sent };
}

const ranges = (): readonly Place[] =>
  registry.requests
    .filter(({ method, path }) => method === "GET" && path.endsWith(digest))
    .map(({ headers }) => /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? ""))
    .map((found) => ({ from: Number(found?.[1]), to: Number(found?.[2]) + 1 }));

test("ten kills of a pull of 300 MiB: each chunk that it counted is kept and not fetched again, and memory rises by at most 64 MiB", async () => {
  const proxy = createSlowProxy();
  await once(proxy.server.listen(0, "127.0.0.1"), "listening");
  const { port } = proxy.server.address() as AddressInfo;
  let kept = await findKept();
  const begin = (): ReturnType<typeof start> => {
    registry.clearLog();
    return start(`127.0.0.1:${port}`);
  };
  const expectMissing = (): void => {
    const again = ranges().filter(({ from, to }) => kept.places.some((place) => place.from < to && from < place.to));
    expect(again).toEqual([]);
  };
  let promised = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const { child, lines } = begin();
    const enough = kept.bytes + 5 * mebibyte + Math.floor(Math.random() * 15 * mebibyte);
    for await (const line of lines) {
      promised = Number(line);
      if (promised >= enough) child.kill("SIGKILL");
    }
    if (child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    expectMissing();
    kept = await findKept();
    expect(kept.bytes).toBeGreaterThanOrEqual(promised);
  }
  const last = begin();
  let said = "";
  for await (const line of last.lines) said = line;
  expectMissing();
  const [before = 0, most = Infinity] = said.split(" ").map((bytes) => Math.round(Number(bytes) / mebibyte));
  // Fetched twice is only what no chunk was complete of, or was on its way: how much depends on the machine.
  const twice = proxy.sent() - content.length;
  console.log(`${kills} kills: ${twice} bytes were fetched twice; memory rose from ${before} to ${most} MiB`);
  expect(most - before).toBeLessThanOrEqual(64);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(join(home, "out"))) hash.update(chunk as Uint8Array);
  expect(`sha256:${hash.digest("hex")}`).toBe(digest);
  proxy.server.close();
}, 240_000);
