import { createPrivateKey } from "node:crypto";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { latestTag, parseRootFile } from "@dtuf/format";
import { digestHex, digestOf, type Resolved } from "@dtuf/registry";
import { createTestSigner } from "@dtuf/testing/keys";
import { readRelease } from "@dtuf/testing/reference-reader";
import { createSigner, parseUnverified, signDocument, type Root } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { readFiles, showFiles } from "@dtuf/testing/scene/published";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let master: Master;
/** The root that old clients are pinned to. */
let first: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  await master.pushMetadata();
  first = await master.rootFile();
});

async function rotate(change: "root key" | "online keys"): Promise<void> {
  if (change === "root key") await master.createRootKey();
  else await master.createMetadataKeys();
  await master.resetKeys();
  await master.pushMetadata();
}

function latest(): Promise<Resolved | undefined> {
  return store.resolve(latestTag, { want: "bytes" });
}

const publishedFiles = (): Promise<Map<string, Uint8Array>> => readFiles(store);

/** An attacker with access to the registry can put any bytes under a root's name. */
async function show(name: string, root: Uint8Array): Promise<void> {
  await showFiles(store, new Map([...(await publishedFiles()), [name, root]]));
}

/** Root `version` of an attacker, who signs it alone and lists the pinned root's keys beside his own. */
async function forgeOlder(pinned: Root, version: number): Promise<Uint8Array> {
  const thief = createTestSigner();
  const { keyIds } = pinned.roles.root;
  const forged = {
    ...pinned,
    version,
    keys: new Map([...pinned.keys, [thief.keyId, thief.key]]),
    roles: { ...pinned.roles, root: { ...pinned.roles.root, keyIds: [...keyIds, thief.keyId], threshold: 1 } },
  };
  return signDocument(forged, [thief]);
}

async function expectForgedNowhere(forged: Uint8Array): Promise<void> {
  const name = digestHex(digestOf(forged));
  expect((await readdir(join(directory, "second"), { recursive: true })).filter((file) => file.includes(name))).toEqual(
    [],
  );
}

const leads = async (pin: Uint8Array): Promise<number> =>
  (await readRelease(store, pin, clock.now())).root.signed.version;

describe("a machine that adopts from the newest root", () => {
  test("leaves out an older root that lists the pinned root's key and that the attacker signed, and reports it", async () => {
    await rotate("root key");
    await rotate("root key");
    const pin = await master.rootFile();
    const genuine = await latest();
    const forged = await forgeOlder(parseUnverified(pin, "root"), 2);
    await show("2.root.json", forged);
    const second = open("second");
    const { leftOut } = await second.adopt({ root: pin });
    expect(leftOut).toMatchObject({ newest: 2, error: { code: "TUF_THRESHOLD_NOT_MET" } });
    await expectForgedNowhere(forged);

    if (genuine !== undefined) await store.tag(latestTag, genuine.descriptor);
    await cp(join(directory, "master/keys"), join(directory, "second/keys"), { recursive: true });
    await second.pushMetadata();
    expect((await publishedFiles()).get("2.root.json")).not.toEqual(Buffer.from(forged));
    await master.pushMetadata();
    expect(await leads(first)).toBe(3);
  });

  test("takes an older root that the pinned root's keys signed, and old clients follow its releases", async () => {
    await rotate("online keys");
    await rotate("online keys");
    const second = open("second");
    expect(await second.adopt({ root: await master.rootFile() })).toMatchObject({ leftOut: undefined });
    await cp(join(directory, "master/keys"), join(directory, "second/keys"), { recursive: true });
    await second.pushMetadata();
    expect(await leads(first)).toBe(3);
  });

  test("leaves out a genuine root under another version's name", async () => {
    await rotate("online keys");
    await rotate("online keys");
    await show("2.root.json", first);
    const { leftOut } = await open("second").adopt({ root: await master.rootFile() });
    expect(leftOut).toMatchObject({ newest: 2, error: { code: "TUF_VERSION_MISMATCH" } });
  });
});

describe("the whole chain in one file", () => {
  test("has every root byte for byte, and old clients follow a machine that adopts from it", async () => {
    await rotate("root key");
    await rotate("root key");
    const chain = await master.rootChain();
    const published = await publishedFiles();
    const roots = [1, 2, 3].map((version) => published.get(`${version}.root.json`));
    expect(parseRootFile(chain).map((root) => Buffer.from(root))).toEqual(roots);

    const second = open("second");
    expect(await second.adopt({ root: chain })).toMatchObject({ leftOut: undefined });
    await cp(join(directory, "master/keys"), join(directory, "second/keys"), { recursive: true });
    await second.pushMetadata();
    expect(await leads(first)).toBe(3);
  });

  test("begins where the keys were replaced, because no older root leads further", async () => {
    await rotate("root key");
    await master.createRootKey();
    await rm(join(directory, "master/keys/previous"), { recursive: true });
    await master.resetKeys({ replace: true });
    await master.pushMetadata();
    expect(parseRootFile(await master.rootChain()).map((root) => parseUnverified(root, "root").version)).toEqual([3]);
  });

  test("refuses a published root with other bytes, and nothing is adopted", async () => {
    await rotate("root key");
    const chain = await master.rootChain();
    await show("1.root.json", await forgeOlder(parseUnverified(await master.rootFile(), "root"), 1));
    const second = open("second");
    await expectRefused(second.adopt({ root: chain }), "MASTER_CHAIN_DIFFERS", { details: { version: 1 } });
    await expectRefused(second.status(), "MASTER_METADATA_MISSING");
  });
});

describe("a publisher with a record", () => {
  test("publishes nothing while a published root differs from the one that it knows, also if it is older than the pinned root [T132]", async () => {
    await rotate("root key");
    const second = open("second");
    await second.adopt({ root: await master.rootChain() });
    await cp(join(directory, "master/keys"), join(directory, "second/keys"), { recursive: true });
    const key = await readFile(join(directory, "master/keys/root_key"), "utf8");
    const again = await signDocument(parseUnverified(first, "root"), [createSigner(createPrivateKey(key))]);
    await show("1.root.json", again);
    const shown = await latest();
    await expectRefused(second.pushMetadata(), "MASTER_CHAIN_DIFFERS", { details: { version: 1 } });
    expect(await latest()).toEqual(shown);
  });
});
