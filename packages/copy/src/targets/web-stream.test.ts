/** `openTarget` as a web stream: read while it arrives, and nothing is left if it is cancelled. */
import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createIndexMaker } from "@dtuf/delta";
import { indexMediaType, withTargetIndex } from "@dtuf/format";
import { digestOf } from "@dtuf/registry";
import { createRegistryClient, type RegistryClient } from "@dtuf/registry/remote";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";
import { createStoreSource } from "../sources/store-source.ts";
import type { TargetInfo } from "../sources/source.ts";

const content = randomBytes(20_000_000);
const home = useDirectory();
const registry = useHostileRegistry();
let client: RegistryClient;
let copy: Copy;

beforeEach(async () => {
  const sim = await createTufSimulator();
  const maker = createIndexMaker({ average: 65_536 });
  maker.update(content);
  const index = maker.finish() ?? new Uint8Array();
  const descriptor = { mediaType: indexMediaType, digest: digestOf(index), size: index.length };
  sim.addTarget("indexed", content, { custom: withTargetIndex(undefined, descriptor) });
  sim.addTarget("plain", content);
  await sim.publishRelease();
  client = createRegistryClient({ registry: registry.host, scheme: "http" });
  const store = client.repository("fred/demo");
  await store.put(descriptor, index);
  await publishToStore(sim, store);
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  copy = createCopy({ source: createStoreSource(store), place: "x", directory: join(home, "copy"), now });
  await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
});
afterEach(() => client.close());

const find = async (path: string): Promise<TargetInfo> => (await copy.findTarget(path)) ?? expect.fail("not found");

/** Connections of this process, both ends. */
const sockets = (): number => process.getActiveResourcesInfo().filter((each) => each === "TCPSocketWrap").length;

describe.each(["indexed", "plain"])("of a target that is %s, a web stream", (path) => {
  test("has the signed content", async () => {
    const stream = ReadableStream.from(await copy.openTarget(await find(path)));
    expect(content.equals(Buffer.from(await new Response(stream).arrayBuffer()))).toBe(true);
  });

  test("that is cancelled leaves no file behind", async () => {
    const before = await readdir(home, { recursive: true });
    const reader = ReadableStream.from(await copy.openTarget(await find(path))).getReader();
    const { value } = await reader.read();
    expect(content.subarray(0, value?.length).equals(value ?? Buffer.alloc(0))).toBe(true);
    await reader.cancel();
    expect(await readdir(home, { recursive: true })).toEqual(before);
  });
});

test("a web stream that is cancelled ends its connection, and the next pull works", async () => {
  const target = await find("indexed");
  const reader = ReadableStream.from(await copy.openTarget(target)).getReader();
  await reader.read();
  const during = sockets();
  await reader.cancel();
  await expect.poll(sockets).toBeLessThan(during);
  await copy.saveTarget(target, join(home, "out"));
  expect(registry.violations).toEqual([]);
});
