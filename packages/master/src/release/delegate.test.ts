import type { KeyObject } from "node:crypto";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LayoutStore } from "@dtuf/registry/layout";
import { digestHex, digestOf, parseTag } from "@dtuf/registry";
import { targetMediaType } from "@dtuf/format";
import {
  createSigner,
  parseRoleName,
  parseTargetPath,
  signDocument,
  specVersion,
  type TrustedSet,
  type Targets,
} from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { content } from "@dtuf/testing/oci-content";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const { directory, clock, store, open, clone } = usePublishers(createMaster);
let master: Master;
let root: Uint8Array;
let key: KeyObject;

beforeEach(async () => {
  master = await establish(open("master"));
  root = await master.rootFile();
  key = createPrivateKey();
});

const refresh = (): Promise<TrustedSet> => readRelease(store, root, clock.now());
const read = async (name: string): Promise<string | undefined> => readTarget(store, await refresh(), name);

interface SignedRole extends Partial<Pick<Targets, "delegations">> {
  readonly by?: KeyObject;
  readonly until?: string;
  readonly path?: string;
}

/** What the delegated role's own people do. */
async function signRole(
  version: number,
  content: string,
  { by = key, until = "2040-01-01", path = "tools/hammer", ...more }: SignedRole = {},
): Promise<Uint8Array> {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  await store.put({ mediaType: targetMediaType, digest, size: bytes.length }, bytes);
  const file = { length: bytes.length, hashes: new Map([["sha256", digestHex(digest)]]), unrecognized: {} };
  const targets = new Map([[parseTargetPath(path), file]]);
  const expires = new Date(until);
  return signDocument({ type: "targets", specVersion, version, expires, targets, unrecognized: {}, ...more }, [
    createSigner(by),
  ]);
}

async function delegateTools(): Promise<void> {
  await master.delegate("tools", { paths: ["tools/*"], keys: [publicPem(key)], metadata: await signRole(1, "one") });
  await master.pushMetadata();
}

describe("a delegated role", () => {
  test("is published with its delegation, and read through it", async () => {
    await delegateTools();
    expect(await read("tools/hammer")).toBe("one");
    expect(await store.resolve(parseTag("tools"), { want: "digest" })).toEqual(
      await store.resolve(parseTag("meta.1.tools"), { want: "digest" }),
    );
  });

  test("comes after those that were staged before it, because clients ask them in this order", async () => {
    const names = ["e", "a", "d", "b", "c"];
    for (const name of [...names, "d"])
      await master.delegate(name, { paths: ["tools/*"], keys: [publicPem(key)], metadata: await signRole(1, name) });
    await master.pushMetadata();
    const { delegations } = (await refresh()).targets?.signed ?? {};
    expect(delegations?.kind === "listed" && delegations.roles.map((role) => role.name)).toEqual(names);
    expect(await read("tools/hammer")).toBe("e");
  });

  test("accepts a new version that its keys signed", async () => {
    await delegateTools();
    await master.updateRole("tools", await signRole(2, "two"));
    expect((await master.staged()).roles).toEqual(["tools"]);
    expect(await read("tools/hammer")).toBe("one");
    await master.pushMetadata();
    expect(await read("tools/hammer")).toBe("two");
    expect((await master.staged()).roles).toEqual([]);
  });

  test("is refused if other keys signed it", async () => {
    await delegateTools();
    const forged = await signRole(2, "two", { by: createPrivateKey() });
    await expectRefused(master.updateRole("tools", forged), "TUF_THRESHOLD_NOT_MET");
    await expectRefused(
      master.delegate("more", { paths: ["more/*"], keys: [publicPem(key)], metadata: forged }),
      "TUF_THRESHOLD_NOT_MET",
    );
    await expectRefused(master.updateRole("unknown", forged), "MASTER_ROLE_UNKNOWN");
    expect((await master.staged()).roles).toEqual([]);
  });

  test("is refused if its version uses up the numbers, so that new keys could sign no higher one [T160]", async () => {
    await delegateTools();
    const last = await signRole(Number.MAX_SAFE_INTEGER, "two");
    await expectRefused(master.updateRole("tools", last), "MASTER_VERSION_IMPLAUSIBLE");
    const given = { paths: ["more/*"], keys: [publicPem(key)], metadata: last };
    await expectRefused(master.delegate("more", given), "MASTER_VERSION_IMPLAUSIBLE");
    expect((await master.staged()).roles).toEqual([]);
    await master.updateRole("tools", await signRole(1_000_001, "two"));
  });

  test("is refused if it lists a target or delegates to a role as no proposal of it could, and nothing is staged [T160]", async () => {
    await delegateTools();
    const others = {
      paths: ["libs/*"],
      keys: [publicPem(key)],
      metadata: await signRole(1, "one", { path: "libs/a" }),
    };
    await master.delegate("libs", others);
    await master.pushMetadata();
    const foreign = await signRole(2, "two", { path: "libs/hammer" });
    await expectRefused(master.updateRole("tools", foreign), "MASTER_PATH_NOT_DELEGATED");
    const { keyId, key: material } = createSigner(key);
    for (const name of ["nobody", "libs"]) {
      const role = { name: parseRoleName(name), keyIds: [keyId], threshold: 1, terminating: false, unrecognized: {} };
      const listed = { kind: "listed", keys: new Map([[keyId, material]]), unrecognized: {} } as const;
      const delegations = { ...listed, roles: [{ ...role, paths: ["tools/*"] }] };
      const file = await signRole(2, "two", { delegations });
      await expectRefused(master.updateRole("tools", file), "MASTER_PROPOSAL_INVALID");
    }
    expect((await master.staged()).roles).toEqual([]);
  });

  test("is refused if it is older than the published one, or different with the same version [T18]", async () => {
    await delegateTools();
    await master.updateRole("tools", await signRole(2, "two"));
    await master.pushMetadata();
    for (const version of [1, 2]) {
      const file = await signRole(version, "one");
      await expectRefused(master.updateRole("tools", file), "TUF_ROLLBACK");
    }
    await master.revokeRole("tools");
    await master.pushMetadata();
    const again = { paths: ["tools/*"], keys: [publicPem(key)], metadata: await signRole(1, "one") };
    await expectRefused(master.delegate("tools", again), "TUF_ROLLBACK");
    await master.delegate("tools", { ...again, metadata: await signRole(3, "three") });
    await master.pushMetadata();
    expect(await read("tools/hammer")).toBe("three");
  });

  test("is left out if another publisher's is newer; a delegation to other keys is not staged over it [T18]", async () => {
    await delegateTools();
    const other = await clone("other");
    await master.updateRole("tools", await signRole(3, "three"));
    await master.pushMetadata();
    await other.updateRole("tools", await signRole(2, "two"));
    await other.pushMetadata();
    expect(await read("tools/hammer")).toBe("three");

    const newKey = createPrivateKey();
    const metadata = await signRole(4, "four", { by: newKey });
    await other.delegate("tools", { paths: ["tools/*"], keys: [publicPem(newKey)], metadata });
    await master.pushMetadata();
    await master.updateRole("tools", await signRole(5, "five"));
    await master.pushMetadata();
    await expectRefused(other.pushMetadata(), "TUF_ROLLBACK", { details: { role: "tools" } });
    expect(await read("tools/hammer")).toBe("five");
  });

  test("is refused if it has expired, and is due before, until its keys sign it again", async () => {
    const late = await signRole(1, "one", { until: "2029-12-31" });
    const delegation = { paths: ["tools/*"], keys: [publicPem(key)] };
    await expectRefused(master.delegate("tools", { ...delegation, metadata: late }), "TUF_EXPIRED");
    await master.delegate("tools", { ...delegation, metadata: await signRole(1, "one", { until: "2030-01-15" }) });
    const expires = new Date("2030-01-15");
    expect((await master.pushMetadata()).due).toEqual([{ role: "tools", expires, state: "soon" }]);
    expect((await master.expirations()).get(parseRoleName("tools"))).toEqual(expires);
    clock.advance({ days: 14 });
    expect((await master.status()).due).toContainEqual({ role: "tools", expires, state: "expired" });
    expect((await master.refreshMetadata()).due).toContainEqual({ role: "tools", expires, state: "expired" });
    const machine = open("machine");
    await machine.adopt({ root });
    expect((await machine.status({ withinMs: 0 })).due).toEqual([{ role: "tools", expires, state: "expired" }]);
    await master.updateRole("tools", await signRole(2, "two"));
    expect((await master.pushMetadata()).due).toEqual([]);
  });

  test("whose keys were replaced or that was revoked leaves no key behind", async () => {
    await delegateTools();
    const listed = async (): Promise<number | undefined> => (await refresh()).targets?.signed.delegations?.keys.size;
    const other = createPrivateKey();
    const metadata = await signRole(2, "two", { by: other });
    await master.delegate("tools", { paths: ["tools/*"], keys: [publicPem(other)], metadata });
    await master.pushMetadata();
    expect(await listed()).toBe(1);
    await master.revokeRole("tools");
    await master.pushMetadata();
    expect(await listed()).toBe(0);
  });

  test("has its second tag moved by the run after one that was interrupted after `latest` moved", async () => {
    await delegateTools();
    await master.updateRole("tools", await signRole(2, "two"));
    const dying: LayoutStore = {
      ...store,
      swapTag: async (...args) => {
        await store.swapTag(...args);
        throw new TypeError("the machine was switched off");
      },
    };
    await expect(open("master", { store: dying }).pushMetadata()).rejects.toThrow("switched off");
    await master.pushMetadata();
    expect(await store.resolve(parseTag("tools"), { want: "digest" })).toEqual(
      await store.resolve(parseTag("meta.2.tools"), { want: "digest" }),
    );
  });

  test("of another publisher stays through rebase, refresh and publication", async () => {
    await master.pushMetadata();
    const other = open("other");
    await rm(join(directory, "other"), { recursive: true, force: true });
    await cp(join(directory, "master"), join(directory, "other"), { recursive: true });
    await delegateTools();
    await other.pushTarget("own", [content("own")]);
    await other.pushMetadata();
    await other.refreshMetadata();
    await other.pushMetadata();
    expect([await read("own"), await read("tools/hammer")]).toEqual(["own", "one"]);
  });

  /** Of the version that had "one" no release is left that a prune would keep. */
  async function dropOne(): Promise<void> {
    await delegateTools();
    await master.updateRole("tools", await signRole(2, "two"));
    for (let release = 0; release < 3; release++) {
      clock.advance({ days: 3 });
      await master.pushMetadata();
    }
  }

  test("keeps its bytes through pruning", async () => {
    await dropOne();
    expect(await master.prune()).toMatchObject({ releases: [1, 2] });
    expect(await read("tools/hammer")).toBe("two");
    const one = Buffer.from("one");
    expect(await store.has({ mediaType: targetMediaType, digest: digestOf(one), size: 3 })).toBe(false);
  });

  test("that is staged keeps its bytes through a prune, and is read once it is published [T133]", async () => {
    await dropOne();
    await master.updateRole("tools", await signRole(3, "one"));
    expect(await master.prune()).toMatchObject({ releases: [1, 2] });
    await master.pushMetadata();
    expect(await read("tools/hammer")).toBe("one");
  });

  test("whose bytes another publisher's prune deleted after it was staged is not published [T133]", async () => {
    await dropOne();
    const other = await clone("other");
    await master.updateRole("tools", await signRole(3, "one"));
    await other.prune();
    const before = await store.resolve(parseTag("latest"), { want: "digest" });
    await expectRefused(master.pushMetadata(), "OCI_NOT_FOUND");
    expect(await store.resolve(parseTag("latest"), { want: "digest" })).toEqual(before);
    await signRole(3, "one");
    await master.pushMetadata();
    expect(await read("tools/hammer")).toBe("one");
  });

  test("is removed with its delegation", async () => {
    await delegateTools();
    await master.revokeRole("tools");
    await expectRefused(master.revokeRole("tools"), "MASTER_ROLE_UNKNOWN");
    await master.pushMetadata();
    expect(await read("tools/hammer")).toBeUndefined();
  });

  test("is published again with the targets on a registry that was emptied, once their bytes are pushed again", async () => {
    await master.pushTarget("own", [content("own")]);
    await delegateTools();
    await rm(join(directory, "registry"), { recursive: true });
    await expectRefused(master.pushMetadata(), "MASTER_BASE_UNEXPECTED");
    const lost = { code: "OCI_NOT_FOUND" };
    await expect(master.pushMetadata({ base: "recorded" })).rejects.toMatchObject(lost);
    await master.pushTarget("own", [content("own")]);
    await expect(master.pushMetadata({ base: "recorded" })).rejects.toMatchObject(lost);
    await master.updateRole("tools", await signRole(1, "one"));
    await master.pushMetadata({ base: "recorded" });
    expect([await read("own"), await read("tools/hammer")]).toEqual(["own", "one"]);
  });
});
