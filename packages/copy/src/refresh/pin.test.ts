import { mkdtemp, rm } from "node:fs/promises";
import { createPublicKey, type KeyObject } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { createPrivateKey } from "@dtuf/testing/keys";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { createSigner } from "@dtuf/tuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";

let directory: string;
let sim: TufSimulator;
const clock = createFixedClock("2030-01-02T00:00:00Z");

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "copy-pin-"));
  sim = await createTufSimulator();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

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

/** A root key of the simulator's that a test has in PEM. */
function addPemKey(): string {
  const privateKey = createPrivateKey("ecdsa-p256");
  sim.addSigner("root", createSigner(privateKey));
  return pemOf(privateKey);
}

function pemOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
}

describe("a pinned root.json", () => {
  test("is taken without a request and holds only together with its own threshold", async () => {
    const copy = createTestCopy();
    const { bytes } = root(1);
    const forged = Buffer.from(Buffer.from(bytes).toString("utf8").replace('"version":1', '"version":9'));
    await expect(copy.pin(forged)).rejects.toMatchObject({ code: "TUF_THRESHOLD_NOT_MET" });
    expect(await copy.pin(bytes)).toMatchObject({ version: 1 });
    await expect(copy.inspect()).rejects.toMatchObject({ code: "COPY_OFFLINE_NOTHING_CACHED" });
  });

  test("does not take hold where the refresh that starts from it is refused", async () => {
    const other = await createTufSimulator();
    await expect(createTestCopy().pullMetadata({ pin: root(1, other) })).rejects.toMatchObject({
      code: "TUF_THRESHOLD_NOT_MET",
    });
    await expect(createTestCopy().pullMetadata()).rejects.toMatchObject({ code: "COPY_NOT_PINNED" });
  });

  test("moves forward on its own chain, over roots in between, and keeps the cache", async () => {
    await createTestCopy().pullMetadata({ pin: root(1) });
    for (let round = 0; round < 3; round++) await rotateRoot();
    const result = await createTestCopy().pullMetadata({ pin: root(4) });
    expect(result).toMatchObject({ status: "unchanged", pin: { version: 4 }, previousPin: { version: 1 } });
    expect(await pinnedVersion()).toBe(4);
  });

  test("never moves back on its own chain, with replace neither", async () => {
    for (let round = 0; round < 3; round++) await rotateRoot();
    await createTestCopy().pullMetadata({ pin: root(4) });
    for (const replace of ["same-chain", "replace"] as const) {
      await expect(createTestCopy().pullMetadata({ pin: root(2), replace })).rejects.toMatchObject({
        code: "COPY_PIN_OLDER",
        details: { pinnedVersion: 4, offeredVersion: 2 },
      });
    }
    expect(await pinnedVersion()).toBe(4);
  });

  test("of another chain needs replace, which names both and drops the cached metadata", async () => {
    await createTestCopy().pullMetadata({ pin: root(1) });
    await sim.publishRelease();
    await createTestCopy().pullMetadata();
    const recovered = await createTufSimulator();
    const offer = root(1, recovered);
    await expect(createTestCopy(recovered).pullMetadata({ pin: offer })).rejects.toMatchObject({
      code: "COPY_PIN_OTHER_CHAIN",
    });
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "unchanged" });
    const result = await createTestCopy(recovered).pullMetadata({ pin: offer, replace: "replace" });
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

  test("of another chain does not replace the old one where its own refresh fails", async () => {
    await createTestCopy().pullMetadata({ pin: root(1) });
    const other = await createTufSimulator();
    const offer = { pin: root(1, other), replace: "replace" } as const;
    await expect(createTestCopy().pullMetadata(offer)).rejects.toMatchObject({ code: "TUF_THRESHOLD_NOT_MET" });
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "unchanged" });
  });
});

describe("keys", () => {
  test("choose the oldest root shown that all of them sign; then they are never consulted again", async () => {
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

  test("that do not all sign one root choose none", async () => {
    const pems = [addPemKey(), pemOf(createPrivateKey("ecdsa-p256"))];
    await sim.publishRoot();
    await expect(createTestCopy().pullMetadata({ pin: { kind: "keys", pems } })).rejects.toMatchObject({
      code: "TUF_ROOT_KEYS_MISMATCH",
    });
    await expect(createTestCopy().pullMetadata()).rejects.toMatchObject({ code: "COPY_NOT_PINNED" });
  });

  test("do not stand in for a root's own threshold", async () => {
    const pem = addPemKey();
    sim.root.roles.root.threshold = 2;
    sim.signers.set("root", (sim.signers.get("root") ?? []).slice(-1));
    await sim.publishRoot();
    await expect(createTestCopy().pullMetadata({ pin: { kind: "keys", pems: [pem] } })).rejects.toMatchObject({
      code: "TUF_ROOT_KEYS_MISMATCH",
    });
  });

  test("given twice count once [T9]", async () => {
    const pem = addPemKey();
    await sim.publishRoot();
    const pin = { kind: "keys", pems: [pem, `${pem}\n`] } as const;
    expect(await createTestCopy().pullMetadata({ pin })).toMatchObject({ pin: { version: 1 } });
  });

  test("that are no keys are refused", async () => {
    await expect(createTestCopy().pullMetadata({ pin: { kind: "keys", pems: ["x"] } })).rejects.toMatchObject({
      code: "TUF_KEY_INVALID",
    });
    await expect(createTestCopy().pullMetadata({ pin: { kind: "keys", pems: [] } })).rejects.toThrow(TypeError);
  });
});
