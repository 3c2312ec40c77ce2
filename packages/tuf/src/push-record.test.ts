import { createHash, createPrivateKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical.ts";
import {
  createSigner,
  parseJson,
  signDocument,
  signPushRecord,
  snapshotMetaSha256,
  verifyDocument,
  verifyPushRecord,
  type Authority,
  type PushRecord,
  type Signer,
  type Targets,
} from "./index.ts";

/** An ed25519 key from a seed of equal bytes (PKCS#8). */
const signer = (byte: number): Signer => {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  return createSigner(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
};
const [one, two] = [signer(1), signer(2)];
const authority = (signers: readonly Signer[], threshold: number): Authority => ({
  keys: new Map(signers.map(({ keyId, key }) => [keyId, key])),
  role: { keyIds: signers.map(({ keyId }) => keyId), threshold, unrecognized: {} },
});
const record: PushRecord = {
  made: new Date("2030-01-01T00:00:00Z"),
  until: new Date("2030-01-15T00:00:00Z"),
  root: { version: 2, sha256: "a".repeat(64) },
  targets: { version: 7 },
  snapshot: { version: 9, sha256: "b".repeat(64), metaSha256: "c".repeat(64) },
};
const payload =
  `{"_type":"dtuf-record","format":1,"made":"2030-01-01T00:00:00Z","root":{"sha256":"${"a".repeat(64)}","version":2},` +
  `"snapshot":{"meta_sha256":"${"c".repeat(64)}","sha256":"${"b".repeat(64)}","version":9},` +
  `"targets":{"version":7},"until":"2030-01-15T00:00:00Z"}`;
const codeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("a record of a push", () => {
  test("has the bytes that docs/format.md says, and the signature of its canonical JSON", async () => {
    const file = Buffer.from(await signPushRecord(record, [one])).toString();
    const sig = /"sig":"([0-9a-f]{128})"/.exec(file)?.[1] ?? "";
    expect(file).toBe(`{"signatures":[{"keyid":"${one.keyId}","sig":"${sig}"}],"signed":${payload}}\n`);
    const spki = Buffer.from(`302a300506032b6570032100${one.key.public}`, "hex");
    const pub = { key: spki, format: "der", type: "spki" } as const;
    expect(verify(null, Buffer.from(payload), pub, Buffer.from(sig, "hex"))).toBe(true);
    expect(createHash("sha256").update(file).digest("hex")).toBe(
      "45debe9429e10e19ec988f74df5e626e74b317c86172dfab84302fbd6578efd5",
    );
    expect(verifyPushRecord(Buffer.from(file), authority([one], 1))).toEqual(record);
  });

  test("needs the threshold of distinct keys, over exactly these bytes", async () => {
    const file = await signPushRecord(record, [one, one]);
    expect(codeOf(() => verifyPushRecord(file, authority([one, two], 2)))).toBe("TUF_THRESHOLD_NOT_MET");
    expect(codeOf(() => verifyPushRecord(file, authority([two], 1)))).toBe("TUF_THRESHOLD_NOT_MET");
    const longer = Buffer.from(Buffer.from(file).toString().replace("2030-01-15", "2030-02-15"));
    expect(codeOf(() => verifyPushRecord(longer, authority([one], 1)))).toBe("TUF_THRESHOLD_NOT_MET");
    const both = await signPushRecord(record, [one, two]);
    expect(verifyPushRecord(both, authority([one, two], 2))).toEqual(record);
    const families = new Map([["rsa", 1]] as const);
    const mixed = authority([one, two], 2);
    const needsRsa = { ...mixed, role: { ...mixed.role, families } };
    expect(codeOf(() => verifyPushRecord(both, needsRsa))).toBe("TUF_THRESHOLD_NOT_MET");
  });

  test("is not accepted as metadata, and metadata is not accepted as a record", async () => {
    const by = authority([one], 1);
    const file = await signPushRecord(record, [one]);
    for (const kind of ["root", "timestamp", "snapshot", "targets"] as const) {
      expect(codeOf(() => verifyDocument(file, by, kind))).toBe("TUF_TYPE_MISMATCH");
    }
    const targets: Targets = {
      ...{ type: "targets", version: 9, specVersion: "1.0.34", expires: record.until, targets: new Map() },
      unrecognized: { format: 1, made: "2030-01-01T00:00:00Z", until: "2030-01-15T00:00:00Z" },
    };
    const signed = await signDocument(targets, [one]);
    expect(codeOf(() => verifyPushRecord(signed, by))).toBe("TUF_TYPE_MISMATCH");
  });

  test.each([
    ['"format":1', '"format":2'],
    ['"until":"2030-01-15T00:00:00Z"', '"until":"2030-01-01T00:00:00Z"'],
    ['"until":"2030-01-15T00:00:00Z"', '"until":"2030-01-15"'],
    ['"until":"2030-01-15T00:00:00Z"', '"until":"2030-01-15T00:00:00+01:00"'],
    ['"root":{', '"root":null,"x":{'],
    ['"version":9', '"version":0'],
    [`"sha256":"${"b".repeat(64)}"`, '"sha256":"b"'],
  ])("is refused with %s replaced by %s, although it is signed", async (from, to) => {
    const altered = payload.replace(from, to);
    expect(altered).not.toBe(payload);
    const bytes = canonicalJson(parseJson(Buffer.from(altered)));
    const sig = Buffer.from(await one.sign(bytes)).toString("hex");
    const file = `{"signatures":[{"keyid":"${one.keyId}","sig":"${sig}"}],"signed":${altered}}`;
    expect(codeOf(() => verifyPushRecord(Buffer.from(file), authority([one], 1)))).toBe("TUF_MALFORMED");
  });

  test("is bounded", () => {
    const by = authority([one], 1);
    expect(codeOf(() => verifyPushRecord(Buffer.alloc(131_073, " "), by))).toBe("TUF_LIMIT_EXCEEDED");
  });
});

test("a snapshot that renews another one lists the same, and has the same digest of it", async () => {
  const sign = (version: number, listed: number): Promise<Uint8Array> => {
    const meta = new Map([["targets.json", { version: listed, length: 5, unrecognized: {} }]]);
    const fields = { version, specVersion: "1.0.34", expires: record.until, unrecognized: {} };
    return signDocument({ type: "snapshot", ...fields, meta }, [one]);
  };
  const digest = snapshotMetaSha256(await sign(2, 2));
  expect(digest).toBe(createHash("sha256").update('{"targets.json":{"length":5,"version":2}}').digest("hex"));
  expect(snapshotMetaSha256(await sign(3, 2))).toBe(digest);
  expect(snapshotMetaSha256(await sign(4, 3))).not.toBe(digest);
});
