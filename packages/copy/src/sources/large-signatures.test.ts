/** Signatures of 4,840 to 9,254 hex digits in every role: the requests to a registry do not change. */
import { join } from "node:path";
import type { ReadStore } from "@dtuf/registry";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { createTestSigner, type TestKeyType } from "@dtuf/testing/keys";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { publishToStore } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { defaultLimits, topLevelRoles } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";
import { createStoreSource } from "./store-source.ts";

const home = useDirectory();
let repository: RemoteRepository;

beforeEach(async () => {
  repository = await createRemoteRepository();
});

afterEach(() => repository[Symbol.asyncDispose]());

/** Every role has `count` ML-DSA keys of the kind in addition to its ed25519 key. */
async function createQuantumSafe(kind: TestKeyType, keys: number): Promise<TufSimulator> {
  const sim = await createTufSimulator();
  for (const role of topLevelRoles) {
    for (let key = 0; key < keys; key += 1) sim.addSigner(role, createTestSigner(kind));
    sim.root.roles[role].threshold = keys + 1;
    sim.root.roles[role].families = new Map([["ml-dsa", keys]]);
  }
  sim.addTarget("a.txt", Buffer.from("hello"));
  await sim.publishRoot();
  await sim.publishRelease();
  return sim;
}

/** Returns no blob before two were requested, so that sequential requests never complete. */
function inPairs(store: ReadStore): ReadStore {
  let begun = 0;
  let pair = Promise.withResolvers<void>();
  return {
    has: (descriptor, options) => store.has(descriptor, options),
    resolve: (name, options) => store.resolve(name, options),
    async open(descriptor, options) {
      begun += 1;
      const { promise, resolve } = pair;
      if (begun % 2 === 0) {
        resolve();
        pair = Promise.withResolvers();
      }
      await promise;
      return store.open(descriptor, options);
    },
  };
}

test.each([
  ["ml-dsa-44", 1],
  ["ml-dsa-65", 2],
  ["ml-dsa-87", 3],
] as const)(
  "with %s, %i keys per role, a refresh without changes is one request and one with changes is two round trips",
  async (kind, keys) => {
    const sim = await createQuantumSafe(kind, keys);
    await publishToStore(sim, repository.store);
    const copy: Copy = createCopy({
      source: createStoreSource(inPairs(repository.store)),
      place: "x",
      directory: join(home, "copy"),
      now: createFixedClock("2030-01-02T00:00:00Z").now,
    });
    const twoBlobs = [expect.stringContaining("/blobs/"), expect.stringContaining("/blobs/")] as const;
    repository.registry.clearLog();
    await copy.pullMetadata({ pin: { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() } });
    expect(repository.asked()).toEqual(["GET /v2/fred/demo/manifests/latest", ...twoBlobs]);
    repository.registry.clearLog();
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged" });
    expect(repository.asked()).toEqual(["HEAD /v2/fred/demo/manifests/latest"]);

    await sim.publishRelease();
    await publishToStore(sim, repository.store);
    repository.registry.clearLog();
    expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
    const [look, ...change] = repository.asked();
    expect(look).toBe("HEAD /v2/fred/demo/manifests/latest");
    expect(change).toEqual(["GET /v2/fred/demo/manifests/latest", ...twoBlobs]);
    expect(sim.files.get("timestamp.json")?.length).toBeLessThan(defaultLimits.timestampMaxBytes);
  },
);
