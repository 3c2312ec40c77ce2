import { readdir, readFile, rm } from "node:fs/promises";
import { createPublicKey, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { createPrivateKey } from "@dtuf/testing/keys";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { encodeRootChain } from "@dtuf/format";
import { createSigner, TufError } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";
import type { MetadataView, Source } from "../sources/source.ts";

const directory = useDirectory();
let sim: TufSimulator;
const clock = createFixedClock("2030-01-02T00:00:00Z");

beforeEach(async () => {
  sim = await createTufSimulator();
});

function createTestCopy(from: TufSimulator = sim): Copy {
  return createCopy({ source: createSimulatorSource(from), place: "simulator", directory, now: clock.now });
}

function root(version: number, from: TufSimulator = sim): { readonly kind: "root"; readonly bytes: Uint8Array } {
  return { kind: "root", bytes: from.files.get(`${version}.root.json`) ?? new Uint8Array() };
}

async function rotateRoot(): Promise<void> {
  sim.rotateKeys("root");
  sim.root.version += 1;
  await sim.publishRoot();
}

async function pinnedVersion(): Promise<number> {
  return (await createTestCopy().inspect()).pin.version;
}

/** Adds a root key to the simulator and returns it in PEM. */
function addPemKey(): string {
  const privateKey = createPrivateKey("ecdsa-p256");
  sim.addSigner("root", createSigner(privateKey));
  return pemOf(privateKey);
}

function pemOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
}

function fail(): never {
  throw new TypeError("no network");
}

function sourceOf(openView: () => MetadataView): Source {
  const [site] = createSimulatorSource(sim).sites;
  return { sites: site === undefined ? [] : [{ ...site, openView }] };
}

/** Serves one root, which the test's keys did not sign, as every version, without a request. */
function endlessRoots(onBegin: () => void = () => undefined): Source {
  const { bytes } = root(1);
  return sourceOf(() => ({
    async findOldestRoot() {
      onBegin();
      return Number.MAX_SAFE_INTEGER;
    },
    findMetadata: () => Promise.resolve(bytes),
  }));
}

describe("a pinned root.json", () => {
  test("is accepted without a request, and only if it meets its own threshold", async () => {
    const copy = createTestCopy();
    const { bytes } = root(1);
    const forged = Buffer.from(Buffer.from(bytes).toString("utf8").replace('"version":1', '"version":9'));
    await expectRefused(copy.pin(forged), "TUF_THRESHOLD_NOT_MET");
    expect(await copy.pin(bytes)).toMatchObject({ version: 1 });
    expect(await copy.inspect()).toMatchObject({ status: "empty" });
    await expectRefused(copy.expirations(), "COPY_OFFLINE_NOTHING_CACHED");
  });

  test("that is the first is saved before any request: a pull that fails leaves the pin and the reason, and nothing else", async () => {
    const copy = createCopy({ source: sourceOf(fail), place: "x", directory, now: clock.now });
    for (const mode of ["online", "offline", "cache-if-valid"] as const) {
      await expect(copy.pullMetadata({ pin: root(1), mode })).rejects.toThrow(/no network|is cached/);
      for (const name of ["lock", "failure.json"]) await rm(join(directory, name), { force: true });
      expect((await readdir(directory)).toSorted()).toEqual(["metadata", "pin.json", "state.json"]);
      expect(await readFile(join(directory, "pin.json"))).toEqual(Buffer.from(root(1).bytes));
      await rm(directory, { recursive: true });
    }
    await expect(copy.pullMetadata({ pin: root(1) })).rejects.toThrow("no network");
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "fresh", pin: { version: 1 } });
  });

  test("that is the first and does not verify is not saved", async () => {
    const { bytes } = root(1);
    const forged = Buffer.from(Buffer.from(bytes).toString("utf8").replace('"version":1', '"version":9'));
    const source = createSimulatorSource(sim);
    const copy = createCopy({ source, place: "x", directory, now: clock.now });
    await expectRefused(copy.pullMetadata({ pin: { kind: "root", bytes: forged } }), "TUF_THRESHOLD_NOT_MET");
    expect(source.requests).toEqual([]);
    await expectRefused(createTestCopy().pullMetadata(), "COPY_NOT_PINNED");
  });

  test("with the whole chain moves the pin over roots that no source has, without a request", async () => {
    const copy = createTestCopy();
    await copy.pin(root(1).bytes);
    for (let round = 0; round < 3; round++) await rotateRoot();
    await expectRefused(copy.pin(root(4).bytes), "COPY_PIN_OTHER_CHAIN");
    const chain = encodeRootChain([1, 2, 3, 4].map((version) => root(version).bytes));
    expect(await copy.pin(chain)).toMatchObject({ version: 4 });
    expect(await createTestCopy().pullMetadata()).toMatchObject({ pin: { version: 4 } });
  });

  test("in a chain with a gap, a forged link or another order is refused, and the pin stays", async () => {
    const copy = createTestCopy();
    await copy.pin(root(1).bytes);
    for (let round = 0; round < 2; round++) await rotateRoot();
    const forged = await createTufSimulator();
    forged.root.version = 2;
    await forged.publishRoot();
    const [one, two, three] = [root(1).bytes, root(2).bytes, root(3).bytes];
    for (const files of [
      [one, three],
      [two, one],
      [one, root(2, forged).bytes],
      [one, two, two],
    ]) {
      await expect(copy.pin(encodeRootChain(files))).rejects.toThrow(TufError);
    }
    expect(await copy.pin(one)).toMatchObject({ version: 1 });
  });

  test("moves forward on its own chain, over roots in between, and keeps the cache", async () => {
    await createTestCopy().pullMetadata({ pin: root(1) });
    for (let round = 0; round < 3; round++) await rotateRoot();
    const result = await createTestCopy().pullMetadata({ pin: root(4) });
    expect(result).toMatchObject({ status: "unchanged", pin: { version: 4 }, previousPin: { version: 1 } });
    expect(await pinnedVersion()).toBe(4);
  });

  test("never moves back on its own chain, not even with replace", async () => {
    for (let round = 0; round < 3; round++) await rotateRoot();
    await createTestCopy().pullMetadata({ pin: root(4) });
    for (const replace of [false, true]) {
      await expectRefused(createTestCopy().pullMetadata({ pin: root(2), replace }), "COPY_PIN_OLDER", {
        details: { pinnedVersion: 4, offeredVersion: 2 },
      });
    }
    expect(await pinnedVersion()).toBe(4);
  });

  test("of another chain needs replace, which reports both roots and drops the cached metadata", async () => {
    await createTestCopy().pullMetadata({ pin: root(1) });
    await sim.publishRelease();
    await createTestCopy().pullMetadata();
    const recovered = await createTufSimulator();
    const offer = root(1, recovered);
    await expectRefused(createTestCopy(recovered).pullMetadata({ pin: offer }), "COPY_PIN_OTHER_CHAIN");
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "unchanged" });
    const result = await createTestCopy(recovered).pullMetadata({ pin: offer, replace: true });
    expect(result.status).toBe("fresh");
    expect(result.previousPin?.fingerprint).not.toBe(result.pin.fingerprint);
    expect(result.versions.get("timestamp")).toBe(1);
    const files = await createTestCopy(recovered).trustedFiles();
    expect(files.map(({ role, version }) => `${version}.${role}`)).toEqual([
      "1.root",
      "1.timestamp",
      "1.snapshot",
      "1.targets",
    ]);
  });

  test("of another chain does not replace the old root if the refresh from it fails", async () => {
    await createTestCopy().pullMetadata({ pin: root(1) });
    const other = await createTufSimulator();
    const offer = { pin: root(1, other), replace: true } as const;
    await expectRefused(createTestCopy().pullMetadata(offer), "TUF_THRESHOLD_NOT_MET");
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "unchanged" });
  });
});

describe("keys", () => {
  test("choose the oldest root of the source that all of them signed; later calls do not use the keys", async () => {
    await rotateRoot();
    const [one, two] = [addPemKey(), addPemKey()];
    sim.root.version += 1;
    await sim.publishRoot();
    sim.root.version += 1;
    await sim.publishRoot();
    const pin = { kind: "keys", pems: [one, two] } as const;
    expect(await createTestCopy().pullMetadata({ pin })).toMatchObject({ pin: { version: 3 } });
    await rotateRoot();
    expect(await createTestCopy().pullMetadata()).toMatchObject({ pin: { version: 3 } });
    expect(await createTestCopy().pullMetadata({ pin })).toMatchObject({ pin: { version: 3 }, previousPin: undefined });
  });

  test("that did not all sign one root choose no root", async () => {
    const pems = [addPemKey(), pemOf(createPrivateKey("ecdsa-p256"))];
    await sim.publishRoot();
    await expectRefused(createTestCopy().pullMetadata({ pin: { kind: "keys", pems } }), "TUF_ROOT_KEYS_MISMATCH");
    await expectRefused(createTestCopy().pullMetadata(), "COPY_NOT_PINNED");
  });

  test("do not replace the root's own threshold", async () => {
    const pem = addPemKey();
    sim.root.roles.root.threshold = 2;
    sim.signers.set("root", (sim.signers.get("root") ?? []).slice(-1));
    await sim.publishRoot();
    await expectRefused(
      createTestCopy().pullMetadata({ pin: { kind: "keys", pems: [pem] } }),
      "TUF_ROOT_KEYS_MISMATCH",
    );
  });

  test("given twice count once [T9]", async () => {
    const pem = addPemKey();
    await sim.publishRoot();
    const pin = { kind: "keys", pems: [pem, `${pem}\n`] } as const;
    expect(await createTestCopy().pullMetadata({ pin })).toMatchObject({ pin: { version: 1 } });
  });

  test("end the search after a thousand roots, independent of the oldest root that the source reports [T134]", async () => {
    const pin = { kind: "keys", pems: [addPemKey()] } as const;
    const copy = createCopy({ source: endlessRoots(), place: "x", directory, now: clock.now });
    await expectRefused(copy.pullMetadata({ pin }), "TUF_ROOT_KEYS_MISMATCH", { details: { looked: 1024 } });
    await expectRefused(createTestCopy().pullMetadata(), "COPY_NOT_PINNED");
  });

  test("let a timer abort a search that makes no request [T134]", async () => {
    const pin = { kind: "keys", pems: [addPemKey()] } as const;
    const stop = new AbortController();
    const source = endlessRoots(() => setImmediate(() => stop.abort("stopped")));
    const copy = createCopy({ source, place: "x", directory, now: clock.now });
    await expect(copy.pullMetadata({ pin, signal: stop.signal })).rejects.toBe("stopped");
  });

  test("that are not keys are refused", async () => {
    await expectRefused(createTestCopy().pullMetadata({ pin: { kind: "keys", pems: ["x"] } }), "TUF_KEY_INVALID");
    await expect(createTestCopy().pullMetadata({ pin: { kind: "keys", pems: [] } })).rejects.toThrow(TypeError);
  });
});
