import { generateKeyPairSync } from "node:crypto";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { latestTag } from "@dtuf/format";
import { parseUnverified, type TrustedSet } from "@dtuf/tuf";
import { readRelease } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type PassphraseProvider } from "../index.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;

beforeEach(async () => {
  master = await establish(open("master"));
  await master.pushMetadata();
  root = await master.rootFile();
});

const refresh = (pin: Uint8Array = root): Promise<TrustedSet> => readRelease(store, pin, clock.now());

/** Every passphrase costs half a second of a free processor. */
const patience = { timeout: 60_000 };

describe("changing keys", () => {
  test("all at once, three times, two of them before one publication: readers follow from the first root", async () => {
    for (const publish of [true, false, true]) {
      await master.createRootKey();
      await master.createMetadataKeys();
      await master.resetKeys();
      if (publish) await master.pushMetadata();
    }
    const set = await refresh();
    expect(set.root.signed.version).toBe(4);
    expect(set.root.bytes).toEqual(Buffer.from(await master.rootFile()));
    expect(await readdir(join(directory, "master/keys/previous"))).toEqual([]);
  });

  test("publishes with the old keys until the new root is signed", async () => {
    await master.createMetadataKeys();
    await master.pushMetadata();
    await master.refreshMetadata();
    expect((await refresh()).root.signed.version).toBe(1);
    await master.resetKeys();
    await master.refreshMetadata();
    expect((await refresh()).root.signed.version).toBe(1);
    await master.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(2);
  });

  test("a new root with the same keys renews an expired root", async () => {
    clock.advance({ days: 400 });
    expect((await master.status()).due[0]).toMatchObject({ state: "expired" });
    await master.resetKeys();
    await master.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(2);
    expect((await master.status()).due).toEqual([]);
  });

  test("without the old root key is refused, and nothing changes", async () => {
    await rm(join(directory, "master/keys/root_key"));
    await master.createRootKey();
    await expectRefused(master.resetKeys(), "MASTER_OLD_ROOT_KEY_MISSING");
    expect((await master.staged()).roots).toEqual([]);
    await master.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(1);
  });

  test("without the old root key but with `replace`: pinned readers refuse, new pins work", async () => {
    await rm(join(directory, "master/keys/root_key"));
    await master.createRootKey();
    await master.resetKeys({ replace: true });
    await master.pushMetadata();
    await expectRefused(refresh(), "TUF_THRESHOLD_NOT_MET");
    const pin = await master.rootFile();
    expect(parseUnverified(pin, "root").version).toBe(2);
    await master.pushMetadata();
    expect((await refresh(pin)).timestamp?.signed.version).toBe(3);
  });

  test("with `replace`, interrupted after `latest` moved, is completed by the next run", async () => {
    await rm(join(directory, "master/keys/root_key"));
    await master.createRootKey();
    await master.resetKeys({ replace: true });
    const cut = open("master", {
      store: {
        ...store,
        swapTag: async (tag, move, options) => {
          await store.swapTag(tag, move, options);
          throw new TypeError("the machine was switched off");
        },
      },
    });
    await expect(cut.pushMetadata()).rejects.toThrow("switched off");
    await master.pushMetadata();
    expect((await master.staged()).roots).toEqual([]);
    expect((await refresh(await master.rootFile())).timestamp?.signed.version).toBe(3);
  });

  test("signs with the old root key, unlocked by its own passphrase", patience, async () => {
    const asked: string[] = [];
    const ask =
      (current: string, previous: string): PassphraseProvider =>
      async ({ role, purpose }) => {
        asked.push(`${role} ${purpose}`);
        if (role !== "root") return undefined;
        return purpose === "unlock-previous" ? previous : current;
      };
    const first = open("master", { passphrase: ask("old", "") });
    await first.createRootKey();
    await first.resetKeys();
    await first.pushMetadata();
    const second = open("master", { passphrase: ask("new", "old") });
    await second.createRootKey();
    asked.length = 0;
    await expectRefused(open("master", { passphrase: ask("new", "wrong") }).resetKeys(), "MASTER_PASSPHRASE_WRONG");
    expect((await second.staged()).roots).toEqual([]);
    await second.resetKeys();
    await second.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(3);
    expect(asked).not.toContain("root create");
  });

  test("a pair whose halves differ after a kill is repaired from its private key, and no key is lost", async () => {
    const keys = join(directory, "master/keys");
    await master.createRootKey();
    await rename(join(keys, "previous/root_key.1.pub"), join(keys, "root_key.pub"));
    await master.resetKeys();
    await master.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(2);
    await master.createRootKey();
    await master.resetKeys();
    await master.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(3);
  });

  test("to a key of the Python dtuf, RSA in an encrypted PEM file", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 3072 });
    const secret = privateKey.export({ format: "pem", type: "pkcs1", cipher: "aes-256-cbc", passphrase: "seed" });
    await master.createRootKey();
    await writeFile(join(directory, "master/keys/root_key"), secret);
    await writeFile(join(directory, "master/keys/root_key.pub"), publicKey.export({ format: "pem", type: "spki" }));
    const seed = open("master", { passphrase: async ({ purpose }) => (purpose === "unlock" ? "seed" : undefined) });
    await seed.resetKeys();
    await seed.pushMetadata();
    expect([...(await refresh()).root.signed.keys.values()].map((key) => key.scheme)).toContain("rsassa-pss-sha256");
  });
});

describe("missing keys", () => {
  test.for(["root", "targets", "snapshot", "timestamp"] as const)(
    "creating metadata without the %s key is an error that names it",
    async (role) => {
      const fresh = open("fresh");
      await fresh.createRootKey();
      await fresh.createMetadataKeys();
      await rm(join(directory, `fresh/keys/${role}_key`));
      const created = fresh.createMetadata({ existing: "unchecked" });
      await expectRefused(created, "MASTER_KEYS_MISSING", { details: { role } });
      await expectRefused(fresh.listTargets(), "MASTER_METADATA_MISSING");
    },
  );

  test("a wrong passphrase changes neither the state nor the registry", patience, async () => {
    const locked = open("master", { passphrase: async ({ purpose }) => (purpose === "create" ? "right" : "wrong") });
    await locked.createMetadataKeys();
    await master.resetKeys();
    const before = await store.resolve(latestTag, { want: "digest" });
    await expectRefused(locked.pushMetadata(), "MASTER_PASSPHRASE_WRONG");
    expect(await store.resolve(latestTag, { want: "digest" })).toEqual(before);
    const right = open("master", { passphrase: async () => "right" });
    await right.pushMetadata();
    expect((await refresh()).root.signed.version).toBe(2);
  });
});
