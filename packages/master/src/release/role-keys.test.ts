import { generateKeyPairSync } from "node:crypto";
import {
  createSigner,
  findValidSignatures,
  parseKey,
  signDocument,
  specVersion,
  type Key,
  type Signer,
  type TrustedSet,
} from "@dtuf/tuf";
import { readRelease } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type RoleKeys } from "../index.ts";

const { clock, store, open, clone } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  await master.pushMetadata();
  root = await master.rootFile();
});

const refresh = (): Promise<TrustedSet> => readRelease(store, root, clock.now());
const signer = (): Signer => createSigner(generateKeyPairSync("ed25519").privateKey);

const spkiOf = (key: Key): Buffer =>
  Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(key.public, "hex")]);

async function roleOf(name: string, of: Master = master): Promise<RoleKeys> {
  const found = (await of.listRoleKeys()).find(({ role }) => role === name);
  if (found === undefined) throw new TypeError(`no role ${name}`);
  return found;
}

describe("several keys of a role", () => {
  test("a second root key and a threshold of two: the new root has the old key's and both new keys' signatures, and clients follow", async () => {
    const alice = signer();
    const both = open("master", { signers: [alice] });
    await both.addKey("root", alice.key, { owner: "@alice" });
    await both.setThreshold("root", 2);
    await both.pushMetadata();
    const { signed, bytes } = (await refresh()).root;
    expect(signed.roles.root).toMatchObject({ threshold: 2 });
    expect(findValidSignatures(bytes, { keys: signed.keys, role: signed.roles.root })).toHaveLength(2);
    expect(signed.keys.get(alice.keyId)?.unrecognized).toEqual({ "x-tuf-on-ci-keyowner": "@alice" });
    expect((await both.staged()).keys).toEqual([]);
  });

  test("a root that cannot be signed here names whose signatures are missing, keeps what is staged, and publishes nothing", async () => {
    const alice = signer();
    await master.addKey("root", alice.key, { owner: "@alice" });
    await master.setThreshold("root", 2);
    await expectRefused(master.pushMetadata(), "MASTER_SIGNATURES_MISSING", { details: { missing: ["@alice"] } });
    expect((await refresh()).root.signed.version).toBe(1);
    expect(await master.staged()).toMatchObject({ roots: [], keys: [{ change: "add" }, { change: "threshold" }] });
    await open("master", { signers: [alice] }).pushMetadata();
    expect((await refresh()).root.signed.version).toBe(2);
  });

  test("another publisher's new root loses nothing that is staged: it is signed on top of that one", async () => {
    const [alice, bob] = [signer(), signer()];
    const other = await clone("other");
    await master.addKey("timestamp", bob.key, { owner: "@bob" });
    await other.addKey("targets", alice.key, { owner: "@alice" });
    await other.pushMetadata();
    await master.pushMetadata();
    const { signed } = (await refresh()).root;
    expect(signed.version).toBe(3);
    expect(signed.roles.timestamp.keyIds).toContain(bob.keyId);
    expect(signed.roles.targets.keyIds).toContain(alice.keyId);
  });

  test("reset-keys replaces this machine's keys, and leaves the other holders' keys and the threshold", async () => {
    const alice = signer();
    const both = open("master", { signers: [alice] });
    await both.addKey("root", alice.key, { owner: "@alice" });
    await both.setThreshold("root", 2);
    await both.pushMetadata();
    await both.createRootKey();
    await both.createMetadataKeys();
    await both.resetKeys();
    await both.pushMetadata();
    const { signed } = (await refresh()).root;
    expect(signed.version).toBe(3);
    expect(signed.roles.root).toMatchObject({ threshold: 2, keyIds: [expect.any(String), alice.keyId] });
    expect(signed.roles.timestamp.keyIds).toHaveLength(1);
  });

  test("a replaced timestamp key: the new one signs, the old one is not in the root any more", async () => {
    const online = signer();
    const [old] = (await roleOf("timestamp")).keys;
    const publisher = open("master", { signers: [online] });
    await publisher.addKey("timestamp", online.key, { uri: "exec:sign-timestamp" });
    await publisher.removeKey("timestamp", old?.keyId.slice(0, 8) ?? "");
    expect((await roleOf("timestamp", publisher)).keys).toMatchObject([
      { keyId: old?.keyId, staged: "remove" },
      {
        keyId: online.keyId,
        staged: "add",
        uri: "exec:sign-timestamp",
        privateKey: { kind: "signer", keyId: online.keyId },
      },
    ]);
    await publisher.pushMetadata();
    const { signed } = (await refresh()).root;
    expect([...signed.keys.keys()]).not.toContain(old?.keyId);
    expect(signed.roles.timestamp.keyIds).toEqual([online.keyId]);
  });

  test("a key comes under its owner's name and goes by it", async () => {
    const alice = signer();
    await master.addKey("targets", alice.key, { owner: "@alice" });
    expect(await master.removeKey("targets", "@alice")).toBe(alice.keyId);
    await master.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(1);
  });
});

describe("what would break a role is refused, and nothing is staged", () => {
  const nothingStaged = async (): Promise<void> => expect((await master.staged()).keys).toEqual([]);

  test("the last root key [T183]", async () => {
    const [only] = (await roleOf("root")).keys;
    await expectRefused(master.removeKey("root", only?.keyId ?? ""), "MASTER_LAST_KEY");
    await nothingStaged();
  });

  test("a threshold larger than the keys, and a removal that leaves fewer keys than the threshold [T183]", async () => {
    await expectRefused(master.setThreshold("root", 2), "MASTER_THRESHOLD_TOO_HIGH");
    await nothingStaged();
    await master.addKey("root", signer().key, { owner: "@alice" });
    await master.setThreshold("root", 2);
    await expectRefused(master.removeKey("root", "@alice"), "MASTER_THRESHOLD_TOO_HIGH");
  });

  test("a key that the role has already, also in another encoding", async () => {
    const { key } = signer();
    await master.addKey("root", key);
    const pem = `-----BEGIN PUBLIC KEY-----\n${spkiOf(key).toString("base64")}\n-----END PUBLIC KEY-----\n`;
    const again = parseKey({ keytype: "ed25519", scheme: "ed25519", keyval: { public: pem } });
    await expectRefused(master.addKey("root", again), "MASTER_KEY_EXISTS");
  });

  test.for([
    ["of zeros", { keytype: "ed25519", scheme: "ed25519", keyval: { public: "00".repeat(32) } }],
    ["of small order", { keytype: "ed25519", scheme: "ed25519", keyval: { public: `01${"00".repeat(31)}` } }],
    ["without a value", { keytype: "ed25519", scheme: "ed25519", keyval: { public: "" } }],
    ["of a kind that no client knows", { keytype: "rot13", scheme: "rot13", keyval: { public: "00" } }],
  ] as const)("a key %s [T182]", async ([, json]) => {
    const key: Key = parseKey(json);
    await expectRefused(master.addKey("root", key), "MASTER_KEY_INVALID");
    await nothingStaged();
  });

  test("a role that nobody delegates to, a key that the role does not have", async () => {
    await expectRefused(master.addKey("tools", signer().key), "MASTER_ROLE_UNKNOWN");
    await expectRefused(master.removeKey("root", "@nobody"), "MASTER_KEY_UNKNOWN");
    await nothingStaged();
  });
});

describe("the keys of a delegated role", () => {
  const tools = signer();

  beforeEach(async () => {
    const document = { type: "targets", specVersion, version: 1, expires: new Date("2040-01-01") } as const;
    const metadata = await signDocument({ ...document, targets: new Map(), unrecognized: {} }, [tools]);
    const pem = `-----BEGIN PUBLIC KEY-----\n${spkiOf(tools.key).toString("base64")}\n-----END PUBLIC KEY-----\n`;
    await master.delegate("tools", { paths: ["tools/*"], keys: [pem], metadata });
    await master.pushMetadata();
  });

  test("a further one is signed in targets, and no new root is needed", async () => {
    const bob = signer();
    await master.addKey("tools", bob.key, { owner: "@bob" });
    await master.pushMetadata();
    const { root: top, targets } = await refresh();
    expect(top.signed.version).toBe(1);
    expect(targets?.signed.delegations).toMatchObject({ roles: [{ keyIds: [tools.keyId, bob.keyId] }] });
  });

  test("are not changed so that the published file of the role is not signed any more: the error names who must sign [T183]", async () => {
    const bob = signer();
    await master.addKey("tools", bob.key, { owner: "@bob" });
    await master.removeKey("tools", tools.keyId);
    await expectRefused(master.pushMetadata(), "MASTER_SIGNATURES_MISSING", {
      details: { role: "tools", missing: ["@bob"] },
    });
    expect((await refresh()).targets?.signed.delegations).toMatchObject({ roles: [{ keyIds: [tools.keyId] }] });
    expect((await master.staged()).keys).toHaveLength(2);
  });
});
