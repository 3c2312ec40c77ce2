import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createTransport, type Transport } from "@dtuf/registry/http";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import type { HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { publishToDirectory, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "./copy.ts";
import { createMapCopy, type MapCopy } from "./map/map-copy.ts";
import { parseMapFile } from "./map/map-file.ts";
import { createDirectorySource } from "./sources/directory-source.ts";
import { createHttpSource } from "./sources/http-source.ts";
import { createMirroredSource } from "./sources/mirrored-source.ts";
import type { Source, TargetInfo } from "./sources/source.ts";

const path = parseTargetPath("a.txt");
const offline = { mode: "offline" } as const;
const { now } = createFixedClock("2030-01-02T00:00:00Z");
const home = useDirectory();
let server: HttpLoopbackServer;
let transport: Transport;
let network: Source;
let local: Source;
let root: Uint8Array;

beforeEach(async () => {
  transport = createTransport({});
  const sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("hello"));
  await sim.publishRelease();
  root = sim.files.get("1.root.json") ?? new Uint8Array();
  await publishToDirectory(sim, join(home, "plain"));
  server = await serveDirectory(join(home, "plain"));
  network = createHttpSource({ metadataUrl: server.url("/metadata/"), transport });
  local = createDirectorySource({ metadataDirectory: join(home, "plain", "metadata") });
});
afterEach(async () => {
  await transport.close();
  await server[Symbol.asyncDispose]();
});

/** Closes all connections of the server. */
async function disconnect(): Promise<void> {
  await transport.close();
  while (server.connections() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  server.requests.length = 0;
}

/** A copy that pulled before and whose connections are closed. */
async function pulled(source: Source): Promise<{ readonly copy: Copy; readonly target: TargetInfo }> {
  const options = { source, place: "x", directory: join(home, "copy"), now };
  const copy = createCopy(options);
  await copy.pullMetadata({ pin: { kind: "root", bytes: root } });
  const target = await copy.findTarget(path);
  if (target === undefined) throw new TypeError("not found");
  await disconnect();
  return { copy: createCopy(options), target };
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

type Call = (copy: Copy, target: TargetInfo) => Promise<unknown>;

const metadataCalls: readonly (readonly [string, Call])[] = [
  ["pullMetadata", (copy) => copy.pullMetadata(offline)],
  ["listTargets", (copy) => all(copy.listTargets(offline))],
  ["findTarget", (copy) => copy.findTarget(path, offline)],
  ["blobSizes", (copy) => copy.blobSizes(path, offline)],
  ["checkTarget", (copy) => copy.checkTarget(path, [Buffer.from("hello")], offline)],
  ["explain", (copy) => copy.explain(path, offline)],
];
const contentCalls: readonly (readonly [string, Call])[] = [
  ["openTarget", async (copy, target) => all(await copy.openTarget(target, offline))],
  ["openTargetBlobs", (copy, target) => all(copy.openTargetBlobs(target, offline))],
  ["saveTarget", (copy, target) => copy.saveTarget(target, join(home, "saved"), offline)],
];

describe("offline opens no connection", () => {
  test.each(metadataCalls)("%s, which succeeds with the cached metadata [T93]", async (_, call) => {
    const { copy, target } = await pulled(network);
    await call(copy, target);
    expect([server.requests.length, server.connections()]).toEqual([0, 0]);
  });

  test.each(contentCalls)("%s, which fails because the bytes are not on this machine [T93]", async (_, call) => {
    const { copy, target } = await pulled(network);
    await expectRefused(call(copy, target), "COPY_OFFLINE_NOTHING_CACHED");
    expect([server.requests.length, server.connections()]).toEqual([0, 0]);
    expect((await readdir(home)).toSorted()).toEqual(["copy", "plain"]);
  });

  test.each(contentCalls)("%s, which succeeds if a directory of this machine is a mirror [T93]", async (_, call) => {
    const { copy, target } = await pulled(createMirroredSource([network, local]));
    await call(copy, target);
    expect([server.requests.length, server.connections()]).toEqual([0, 0]);
  });

  test("findTarget, openTarget and saveTarget of a map [T93]", async () => {
    const map = parseMapFile(
      Buffer.from(
        JSON.stringify({
          repositories: { A: ["https://a.example/"] },
          mapping: [{ paths: ["*"], repositories: ["A"], threshold: 1 }],
        }),
      ),
    );
    const create = (): MapCopy =>
      createMapCopy({
        map,
        roots: new Map([["A", root]]),
        openSource: () => network,
        directory: join(home, "map"),
        now,
      });
    await create().findTarget(path);
    await disconnect();
    const copy = create();
    const target = await copy.findTarget(path, offline);
    if (target === undefined) throw new TypeError("not found");
    const refusal = { code: "COPY_OFFLINE_NOTHING_CACHED" };
    await expect(copy.openTarget(target, offline)).rejects.toMatchObject(refusal);
    await expect(copy.saveTarget(target, join(home, "saved"), offline)).rejects.toMatchObject(refusal);
    expect([server.requests.length, server.connections()]).toEqual([0, 0]);
  });
});
