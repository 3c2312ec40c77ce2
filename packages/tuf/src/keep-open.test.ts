import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { refusalOf, trustSimulator, wantedFileOf } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { findValidSignatures, parseUnverified, signDocument, verifyDocument } from "./document.ts";
import { keepOpen } from "./envelope.ts";
import { parseRoleName } from "./names.ts";
import { snapshotMetaSha256 } from "./push-record.ts";
import type { Authority } from "./role.ts";
import type { Signer } from "./signer.ts";

const signer = createTestSigner();
const other = createTestSigner();
const authority = ({ keyId, key }: Signer): Authority => ({
  keys: new Map([[keyId, key]]),
  role: { keyIds: [keyId], threshold: 1, unrecognized: {} },
});

const snapshotFile = (version: number): Promise<Uint8Array> =>
  signDocument(
    {
      type: "snapshot",
      specVersion: "1.0.34",
      version,
      expires: new Date("2030-01-01T00:00:00Z"),
      meta: new Map([["targets.json", { version, unrecognized: {} }]]),
      unrecognized: {},
    },
    [signer],
  );

describe("a file that is kept open", () => {
  test("is parsed once, and the same file in other bytes, or one that is not kept, each time", async () => {
    const file = await snapshotFile(7);
    expect(parseUnverified(file, "snapshot")).not.toBe(parseUnverified(file, "snapshot"));
    keepOpen(file);
    const first = verifyDocument(file, authority(signer), "snapshot");
    expect(parseUnverified(file, "snapshot")).toBe(first);
    expect(parseUnverified(Buffer.from(file), "snapshot")).not.toBe(first);
  });

  test("is other bytes once it was changed in place: they are refused, and nothing of the bytes before is returned [T95]", async () => {
    const file = Buffer.from(await snapshotFile(7));
    keepOpen(file);
    const before = snapshotMetaSha256(file);
    expect(verifyDocument(file, authority(signer), "snapshot").version).toBe(7);
    file.set(Buffer.from('"version":8'), file.lastIndexOf('"version":7'));
    expectRefused(() => verifyDocument(file, authority(signer), "snapshot"), "TUF_THRESHOLD_NOT_MET");
    expect(findValidSignatures(file, authority(signer))).toEqual([]);
    expect(parseUnverified(file, "snapshot").version).toBe(8);
    file.set(Buffer.from('"version":9'), file.indexOf('"version":7'));
    expect(snapshotMetaSha256(file)).not.toBe(before);
    file.fill(0x20);
    expectRefused(() => parseUnverified(file, "snapshot"), "TUF_MALFORMED");
  });

  test("is verified by the keys and the limits of each call, and is of one kind", async () => {
    const file = await snapshotFile(7);
    keepOpen(file);
    verifyDocument(file, authority(signer), "snapshot");
    expectRefused(() => verifyDocument(file, authority(other), "snapshot"), "TUF_THRESHOLD_NOT_MET");
    expectRefused(() => parseUnverified(file, "timestamp"), "TUF_TYPE_MISMATCH");
    expectRefused(() => parseUnverified(file, "snapshot", { maxSignatures: 0 }), "TUF_LIMIT_EXCEEDED");
    expectRefused(() => parseUnverified(file, "snapshot", { snapshotMaxBytes: 10 }), "TUF_LIMIT_EXCEEDED");
  });

  test("does not get into a trusted set after its bytes were changed [T95]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "timestamp" });
    const file = wantedFileOf(sim, set, "snapshot");
    keepOpen(file);
    expect(trustSimulator(sim, { until: "timestamp" }).updateSnapshot(file, "source")).toBe("current");
    const at = Buffer.from(file).lastIndexOf('"version":1');
    file.set(Buffer.from('"version":2'), at);
    expect(refusalOf(set, () => set.updateSnapshot(file, "cache"))).toBe("TUF_THRESHOLD_NOT_MET");
    file.set(Buffer.from('"version":1'), at);
    expect(set.updateSnapshot(file, "source")).toBe("current");
  });
});

test("a delegated role is verified without being kept, and what an update refuses is refused", async () => {
  const sim = await createTufSimulator();
  sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
  await sim.publishRelease();
  const set = trustSimulator(sim);
  const [team, top] = [parseRoleName("team"), parseRoleName("targets")];
  const file = wantedFileOf(sim, set, team);
  const other = Buffer.from(file.toReversed());
  expect(refusalOf(set, () => set.verifyDelegated(team, top, other))).toBe("TUF_HASH_MISMATCH");
  expect(refusalOf(set, () => set.verifyDelegated(parseRoleName("foreign"), top, file))).toBe("TUF_ROLE_MISSING");
  set.verifyDelegated(team, top, file);
  expect(set.delegated(team)).toBeUndefined();
  set.updateDelegated(team, top, file);
  expect(set.delegated(team)?.signed.version).toBe(1);
});
