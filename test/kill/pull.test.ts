/** A pull that is killed again and again goes on each time where it was. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createCopy, createStoreSource } from "@dtuf/copy";
import { chooseAverage, createIndexMaker } from "@dtuf/delta";
import { indexMediaType, withTargetIndex } from "@dtuf/format";
import { digestOf } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";
import { createHostileRegistry, type HostileRegistry } from "@dtuf/testing";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { afterAll, beforeAll, expect, test } from "vitest";

const mebibyte = 1024 * 1024;
const content = randomBytes(300 * mebibyte);
const digest = digestOf(content);
const kills = 10;
let home: string;
let registry: HostileRegistry;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "dtuf-kill-"));
  registry = await createHostileRegistry();
  const sim = await createTufSimulator();
  const maker = createIndexMaker({ average: chooseAverage(content.length) });
  maker.update(content);
  const index = maker.finish() ?? new Uint8Array();
  const descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  sim.addTarget("t", content, { custom: withTargetIndex(undefined, descriptor) });
  await sim.publishRelease();
  const client = createRegistryClient({ registry: registry.host, scheme: "http" });
  const store = client.repository("fred/demo");
  await store.put(descriptor, index);
  await publishToStore(sim, store);
  const now = (): Date => new Date("2030-01-02");
  await using copy = createCopy({ source: createStoreSource(store), place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
  await client.close();
  registry.clearLog();
}, 120_000);
afterAll(async () => {
  await registry.close();
  await rm(home, { recursive: true });
});

function start(): ReturnType<typeof spawn> {
  const script = new URL("pull.ts", import.meta.url).pathname;
  const words = [registry.host, join(home, "copy"), join(home, "out")];
  return spawn(process.execPath, ["--conditions=@dtuf/source", script, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** What lies beside the destination. */
async function keptBytes(): Promise<number> {
  const name = (await readdir(home)).find((each) => each.endsWith(".partial"));
  return name === undefined ? 0 : (await stat(join(home, name))).size;
}

/** When the file grows no longer. */
async function settled(above: number): Promise<number> {
  for (let last = -1; ;) {
    await sleep(200);
    const now = await keptBytes();
    if (now > above && now === last) return now;
    last = now;
  }
}

const isBlob = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  method === "GET" && path.endsWith(digest);

const starts = (): readonly number[] =>
  registry.requests.filter(isBlob).map(({ headers }) => Number(/^bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0));

test("ten kills of a pull of 300 MiB: no byte that was kept is fetched again, and memory rises by at most 64 MiB", async () => {
  const kept: number[] = [];
  let sentBytes = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const after = 5 * mebibyte + Math.floor(Math.random() * 20 * mebibyte);
    registry.script({ match: { where: isBlob, nth: 1 }, fault: { kind: "stall", after } });
    const child = start();
    kept.push(await settled(kept.at(-1) ?? 0));
    child.kill("SIGKILL");
    await once(child, "exit");
    registry.clearScript();
    sentBytes += after;
  }
  const last = start();
  const said = last.stdout === null ? "" : await text(last.stdout);
  const [before = 0, most = Infinity] = said.split(" ").map((bytes) => Math.round(Number(bytes) / mebibyte));
  expect(starts()).toEqual([0, ...kept]);
  sentBytes += content.length - (kept.at(-1) ?? 0);
  const twice = sentBytes - content.length;
  console.log(`${kills} kills: ${twice} bytes were fetched twice; memory rose from ${before} to ${most} MiB`);
  // Of each process that was killed, what it had not handed to the system: two batches of 1 MiB.
  expect(twice).toBeLessThanOrEqual(kills * 2 * mebibyte);
  expect(most - before).toBeLessThanOrEqual(64);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(join(home, "out"))) hash.update(chunk as Uint8Array);
  expect(`sha256:${hash.digest("hex")}`).toBe(digest);
}, 240_000);
