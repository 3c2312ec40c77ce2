import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { refusalOf, testNow, trustSimulator, wantedFileOf } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { signDocument } from "./document.ts";
import { parseKeyId } from "./names.ts";
import { createTrustedSet } from "./trusted-set.ts";

const past = new Date("2030-01-01T12:00:00Z");
const fileOf = (sim: TufSimulator, name: string): Uint8Array => sim.files.get(name) ?? new Uint8Array();

/** The file with other signatures; the signed part stays. */
function resigned(file: Uint8Array, change: (signatures: { keyid: string; sig: string }[]) => unknown): Uint8Array {
  const json = JSON.parse(Buffer.from(file).toString()) as { signatures: { keyid: string; sig: string }[] };
  return Buffer.from(JSON.stringify({ ...json, signatures: change(json.signatures) }));
}

describe("roots", () => {
  test("the chain continues through rotations, and from any pinned root", async () => {
    const sim = await createTufSimulator();
    for (let version = 2; version <= 4; version += 1) {
      sim.rotateKeys("root");
      sim.root.version = version;
      await sim.publishRoot();
    }
    expect(trustSimulator(sim).root.signed.version).toBe(4);
    expect(trustSimulator(sim, { pin: fileOf(sim, "3.root.json") }).root.signed.version).toBe(4);
  });

  test.each([1, 3, 4, 2 ** 53 - 1])("refuses root version %i after version 1 [T15]", async (version) => {
    const sim = await createTufSimulator();
    sim.root.version = version;
    const set = createTrustedSet({ root: fileOf(sim, "1.root.json"), now: testNow });
    const file = await signDocument(sim.root, sim.signers.get("root") ?? []);
    expect(refusalOf(set, () => set.updateRoot(file))).toBe("TUF_VERSION_MISMATCH");
  });

  test("refuses a root signed only by the new keys, and one signed only by the old [T14]", async () => {
    const sim = await createTufSimulator();
    const old = sim.signers.get("root") ?? [];
    sim.rotateKeys("root");
    sim.root.version = 2;
    const set = createTrustedSet({ root: fileOf(sim, "1.root.json"), now: testNow });
    const onlyNew = await signDocument(sim.root, sim.signers.get("root") ?? []);
    const onlyOld = await signDocument(sim.root, old);
    expect(refusalOf(set, () => set.updateRoot(onlyNew))).toBe("TUF_THRESHOLD_NOT_MET");
    expect(refusalOf(set, () => set.updateRoot(onlyOld))).toBe("TUF_THRESHOLD_NOT_MET");
    expect(set.updateRoot(await sim.publishRoot()).signed.version).toBe(2);
  });

  test("refuses a new root whose threshold one new key meets under two ids [T8]", async () => {
    const sim = await createTufSimulator();
    const key = createTestSigner();
    const alias = { ...key, keyId: parseKeyId("alias") };
    const [old] = sim.signers.get("root") ?? [];
    sim.rotateKeys("root");
    sim.root.roles.root = { keyIds: [], threshold: 2, unrecognized: {} };
    sim.signers.set("root", []);
    sim.addSigner("root", key);
    sim.addSigner("root", alias);
    sim.root.version = 2;
    const set = createTrustedSet({ root: fileOf(sim, "1.root.json"), now: testNow });
    const file = await signDocument(sim.root, [key, alias, ...(old === undefined ? [] : [old])]);
    expect(refusalOf(set, () => set.updateRoot(file))).toBe("TUF_THRESHOLD_NOT_MET");
  });

  test("refuses a pinned root that does not meet its own threshold", async () => {
    const sim = await createTufSimulator();
    const unsigned = await signDocument(sim.root, []);
    expectRefused(() => createTrustedSet({ root: unsigned, now: testNow }), "TUF_THRESHOLD_NOT_MET");
  });

  test("an invalid date as now is a TypeError, not a date before every expiry", async () => {
    const sim = await createTufSimulator();
    const now = new Date(Number.NaN);
    expect(() => createTrustedSet({ root: fileOf(sim, "1.root.json"), now })).toThrow(TypeError);
  });

  test("an expired pin and expired intermediate roots are accepted, an expired last root is not [T26]", async () => {
    const sim = await createTufSimulator();
    const later = sim.root.expires;
    sim.root.expires = past;
    sim.root.version = 2;
    await sim.publishRoot();
    expectRefused(() => trustSimulator(sim, { until: "root" }), "TUF_EXPIRED");
    sim.root.expires = later;
    sim.root.version = 3;
    await sim.publishRoot();
    expect(trustSimulator(sim, { pin: fileOf(sim, "2.root.json") }).root.signed.version).toBe(3);
  });

  test("is expired from the second of its expiry on", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { now: new Date(sim.root.expires.getTime() - 1), until: "root" });
    expect(set.root.signed.version).toBe(1);
    expectRefused(() => trustSimulator(sim, { now: sim.root.expires, until: "root" }), "TUF_EXPIRED");
  });
});

describe("thresholds", () => {
  test("refuses a threshold met by one key under two ids [T9]", async () => {
    const sim = await createTufSimulator();
    const [signer] = sim.signers.get("timestamp") ?? [];
    if (signer === undefined) throw new TypeError("no signer");
    sim.addSigner("timestamp", { ...signer, keyId: parseKeyId("second-id") });
    sim.root.roles.timestamp.threshold = 2;
    sim.root.version += 1;
    await sim.publishRoot();
    const set = trustSimulator(sim, { until: "root" });
    const file = await sim.publishTimestamp();
    expect(refusalOf(set, () => set.updateTimestamp(file))).toBe("TUF_THRESHOLD_NOT_MET");
    sim.addSigner("timestamp", createTestSigner());
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishTimestamp();
    expect(trustSimulator(sim).timestamp?.signed.version).toBe(1);
  });

  test("refuses a file that has one key id's signature twice [T7]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "root" });
    const file = resigned(fileOf(sim, "timestamp.json"), (signatures) => [...signatures, ...signatures]);
    expect(refusalOf(set, () => set.updateTimestamp(file))).toBe("TUF_MALFORMED");
  });

  test("a key id in another case is another id, and not one of the role's [T7]", async () => {
    const sim = await createTufSimulator();
    sim.root.roles.timestamp.threshold = 2;
    sim.root.version += 1;
    await sim.publishRoot();
    const set = trustSimulator(sim, { until: "root" });
    const file = resigned(fileOf(sim, "timestamp.json"), (signatures) => [
      ...signatures,
      ...signatures.map(({ keyid, sig }) => ({ keyid: keyid.toUpperCase(), sig })),
    ]);
    expect(refusalOf(set, () => set.updateTimestamp(file))).toBe("TUF_THRESHOLD_NOT_MET");
  });

  test.each(["", "zz", "abc", "00".repeat(64)])(
    "signature %j beside a valid one is ignored, and alone is refused",
    async (sig) => {
      const sim = await createTufSimulator();
      const second = createTestSigner();
      sim.addSigner("timestamp", second);
      sim.root.version += 1;
      await sim.publishRoot();
      const file = await sim.publishTimestamp();
      const one = resigned(file, (all) =>
        all.map((entry) => (entry.keyid === second.keyId ? { ...entry, sig } : entry)),
      );
      const none = resigned(file, (all) => all.map((entry) => ({ ...entry, sig })));
      const set = trustSimulator(sim, { until: "root" });
      expect(refusalOf(set, () => set.updateTimestamp(none))).toBe("TUF_THRESHOLD_NOT_MET");
      expect(set.updateTimestamp(one)).toBe("updated");
    },
  );

  test("refuses a signature by a key of another role", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "root" });
    const file = await signDocument(sim.timestamp, sim.signers.get("snapshot") ?? []);
    expect(refusalOf(set, () => set.updateTimestamp(file))).toBe("TUF_THRESHOLD_NOT_MET");
  });

  test("a key of an unknown type among a role's keys is ignored and never counts [T25]", async () => {
    const sim = await createTufSimulator();
    const future = parseKeyId("future");
    const keyval = { public: "?" };
    sim.root.keys.set(future, { keyType: "ml-dsa", scheme: "ml-dsa-65", public: "?", keyval, unrecognized: {} });
    sim.root.roles.timestamp.keyIds.push(future);
    sim.root.version += 1;
    await sim.publishRoot();
    expect(trustSimulator(sim).targets?.signed.version).toBe(1);
    sim.root.roles.timestamp.threshold = 2;
    sim.root.version += 1;
    await sim.publishRoot();
    const set = trustSimulator(sim, { until: "root" });
    const file = resigned(fileOf(sim, "timestamp.json"), (all) => [...all, { keyid: "future", sig: "00" }]);
    expect(refusalOf(set, () => set.updateTimestamp(file))).toBe("TUF_THRESHOLD_NOT_MET");
  });

  test("refuses a signed part changed after signing, before it is read [T36]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "root" });
    const text = Buffer.from(fileOf(sim, "timestamp.json")).toString();
    const changed = Buffer.from(text.replace('"version":1', '"version":-1'));
    expect(refusalOf(set, () => set.updateTimestamp(changed))).toBe("TUF_THRESHOLD_NOT_MET");
  });

  test("the same value in another encoding verifies, because the canonical form is signed [T24]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "root" });
    const reversed = (_key: string, value: unknown): unknown =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toReversed())
        : value;
    const json: unknown = JSON.parse(Buffer.from(fileOf(sim, "timestamp.json")).toString());
    expect(set.updateTimestamp(Buffer.from(JSON.stringify(json, reversed, 2)))).toBe("updated");
  });

  test("refuses a file over its limit before it is parsed [T22]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "root", limits: { timestampMaxBytes: 10 } });
    expect(refusalOf(set, () => set.updateTimestamp(fileOf(sim, "timestamp.json")))).toBe("TUF_LIMIT_EXCEEDED");
    expect(refusalOf(set, () => set.updateRoot(Buffer.alloc(600_000)))).toBe("TUF_OUT_OF_ORDER");
  });
});

describe("order", () => {
  test("every step out of its place is refused", async () => {
    const sim = await createTufSimulator();
    const file = (name: string): Uint8Array => fileOf(sim, name);
    const set = createTrustedSet({ root: file("1.root.json"), now: testNow });
    const timestamp = (): unknown => set.updateTimestamp(file("timestamp.json"));
    const snapshot = (): unknown => set.updateSnapshot(file("1.snapshot.json"), "source");
    const targets = (): unknown => set.updateTargets(file("1.targets.json"));
    for (const early of [timestamp, snapshot, targets, () => set.wanted("snapshot"), () => set.wanted("targets")]) {
      expect(refusalOf(set, early)).toBe("TUF_OUT_OF_ORDER");
    }
    set.finishRoot();
    expect(refusalOf(set, () => set.updateRoot(file("1.root.json")))).toBe("TUF_OUT_OF_ORDER");
    expect(refusalOf(set, snapshot)).toBe("TUF_OUT_OF_ORDER");
    expect(refusalOf(set, () => set.finishTimestamp())).toBe("TUF_OUT_OF_ORDER");
    timestamp();
    set.finishTimestamp();
    expect(refusalOf(set, timestamp)).toBe("TUF_OUT_OF_ORDER");
    expect(refusalOf(set, targets)).toBe("TUF_OUT_OF_ORDER");
    snapshot();
    expect(refusalOf(set, timestamp)).toBe("TUF_OUT_OF_ORDER");
    targets();
    expect(refusalOf(set, snapshot)).toBe("TUF_OUT_OF_ORDER");
  });

  test("returns what it wants next, within the limits", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { limits: { snapshotMaxBytes: 100 }, until: "timestamp" });
    expect(set.wanted("root")).toEqual({ version: 2, maxBytes: 512_000 });
    expect(set.wanted("timestamp")).toEqual({ maxBytes: 131_072 });
    expect(set.wanted("snapshot")).toMatchObject({ version: 1, maxBytes: 100 });
    const plain = await createTufSimulator({ metaHashes: "versions-only" });
    expect(trustSimulator(plain).wanted("targets")).toMatchObject({ version: 1, maxBytes: 134_217_728 });
  });

  test("an expired timestamp is kept for comparison and cannot be finished", async () => {
    const sim = await createTufSimulator();
    sim.timestamp = { ...sim.timestamp, expires: testNow };
    await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "timestamp" });
    expect(refusalOf(set, () => set.finishTimestamp())).toBe("TUF_EXPIRED");
    sim.timestamp = { ...sim.timestamp, version: 2, expires: new Date(testNow.getTime() + 1000) };
    expect(set.updateTimestamp(await sim.publishTimestamp())).toBe("updated");
    set.finishTimestamp();
  });

  test("asks for files without a version in their name if the root says that snapshots are not consistent", async () => {
    const plain = await createTufSimulator({ consistentSnapshot: false });
    const set = trustSimulator(plain);
    for (const role of ["snapshot", "targets"] as const) {
      expect(set.wanted(role)).not.toHaveProperty("version");
      expect(set.wanted(role).hashes).toBeDefined();
    }
    expect(set.wanted("root").version).toBe(2);
  });

  test("a snapshot file is refused in another role's step", async () => {
    const sim = await createTufSimulator({ metaHashes: "versions-only" });
    const set = trustSimulator(sim, { until: "root" });
    const mixed = await signDocument(sim.snapshot, sim.signers.get("timestamp") ?? []);
    expect(refusalOf(set, () => set.updateTimestamp(mixed))).toBe("TUF_TYPE_MISMATCH");
    expect(wantedFileOf(sim, set, "timestamp")).toBeDefined();
  });
});
