/** Delegates: people who have a pinned root, a state of their own and the key of one role. */
import type { KeyObject } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { encodeProposal, metadataFileName, type ProposalStatement } from "@dtuf/format";
import { createSigner, keyFromPem, parseTargetPath, signDocument, signedSha256, specVersion } from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { readRole } from "@dtuf/testing/scene/published";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";
import { putArtifact } from "../release/upload.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let owner: Master;
let pinned: Uint8Array;
let key: KeyObject;

const read = async (name: string): Promise<string | undefined> =>
  readTarget(store, await readRelease(store, pinned, clock.now()), name);

async function openDelegate(name: string, of: KeyObject): Promise<Master> {
  const delegate = open(name, { signers: [createSigner(of)] });
  await delegate.adopt({ root: pinned });
  return delegate;
}

/** Delegates by key alone; the delegate signs the empty first file. */
async function delegateTo(role: string, of: KeyObject, paths: readonly string[]): Promise<Master> {
  await owner.delegate(role, { paths, keys: [publicPem(of)] });
  await owner.propose(role);
  const delegate = await openDelegate(`delegate-${role}`, of);
  await delegate.signProposal(role);
  await owner.acceptProposal(role);
  return delegate;
}

beforeEach(async () => {
  owner = await establish(open("owner"));
  await owner.pushMetadata();
  pinned = await owner.rootFile();
  key = createPrivateKey();
});

async function publish(delegate: Master, role: string, [name, text]: readonly [string, string]): Promise<void> {
  await delegate.pushRoleTarget(role, { name, parts: [content(text)] });
  await delegate.propose(role, { role });
  await owner.acceptProposal(role);
}

describe("a delegated role", () => {
  test("starts empty if it is delegated to by key alone, and clients find the others' targets", async () => {
    await owner.delegate("tools", { paths: ["tools/*"], keys: [publicPem(key)] });
    await expectRefused(owner.pushMetadata(), "MASTER_SIGNATURES_MISSING");
    expect((await owner.staged()).roles).toEqual(["tools"]);
    await owner.propose("tools");
    const delegate = await openDelegate("delegate", key);
    expect(await delegate.signProposal("tools")).toMatchObject({ added: ["tools 1"], state: "ready" });
    await owner.acceptProposal("tools");
    expect(await read("tools/hammer")).toBeUndefined();
    expect((await owner.staged()).roles).toEqual([]);
  });

  test("that another machine published is not renewed by the machine that pushed targets", async () => {
    const delegate = await delegateTo("tools", key, ["tools/*"]);
    await cp(join(directory, "owner"), join(directory, "pusher"), { recursive: true });
    await publish(delegate, "tools", ["tools/hammer", "bang"]);
    clock.advance({ days: 6 });
    await owner.refreshMetadata({ withinMs: 0 });
    expect((await open("pusher").refreshMetadata()).renewed).toEqual(["timestamp"]);
    expect((await owner.refreshMetadata()).renewed).toEqual(["snapshot", "timestamp"]);
  });

  test("is signed at once if its keys are here", async () => {
    const both = open("owner", { signers: [createSigner(key)] });
    await both.delegate("tools", { paths: ["tools/*"], keys: [publicPem(key)] });
    await both.pushMetadata();
    await publish(await openDelegate("delegate", key), "tools", ["tools/hammer", "bang"]);
    expect(await read("tools/hammer")).toBe("bang");
  });

  test("is published without the delegator's key, several times, with its own targets alone", async () => {
    const delegate = await delegateTo("tools", key, ["tools/*"]);
    await publish(delegate, "tools", ["tools/hammer", "one"]);
    await publish(delegate, "tools", ["tools/saw", "two"]);
    expect([await read("tools/hammer"), await read("tools/saw")]).toEqual(["one", "two"]);
    await delegate.deleteRoleTarget("tools", "tools/hammer");
    expect(await delegate.stagedInRole("tools")).toMatchObject([{ path: "tools/hammer", change: "delete" }]);
    await delegate.propose("tools", { role: "tools" });
    await owner.acceptProposal("tools");
    expect([await read("tools/hammer"), await read("tools/saw")]).toEqual([undefined, "two"]);
    expect(await delegate.stagedInRole("tools")).toEqual([]);
  });

  test("stages and proposes nothing that was not delegated to it", async () => {
    const delegate = await delegateTo("tools", key, ["tools/*"]);
    const outside = delegate.pushRoleTarget("tools", { name: "other", parts: [content("x")] });
    await expectRefused(outside, "MASTER_PATH_NOT_DELEGATED");
    await expectRefused(delegate.pushRoleTarget("nobody", { name: "x", parts: [content("x")] }), "MASTER_ROLE_UNKNOWN");
    await expectRefused(delegate.deleteRoleTarget("tools", "tools/none"), "MASTER_TARGET_UNKNOWN");
    await expectRefused(delegate.propose("tools", { role: "tools" }), "MASTER_NOTHING_STAGED");
  });

  test("is not proposed with the key of another role", async () => {
    await delegateTo("tools", key, ["tools/*"]);
    const other = await openDelegate("other", createPrivateKey());
    await other.pushRoleTarget("tools", { name: "tools/hammer", parts: [content("x")] });
    await expectRefused(other.propose("tools", { role: "tools" }), "MASTER_KEYS_MISSING");
    expect(await other.stagedInRole("tools")).toHaveLength(1);
  });

  test("that lists what was not delegated to it is not accepted [T158]", async () => {
    await delegateTo("tools", key, ["tools/*"]);
    const before = await readRelease(store, pinned, clock.now());
    const file = {
      length: 0,
      hashes: new Map([["sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]]),
      unrecognized: {},
    };
    const targets = new Map([[parseTargetPath("demo.txt"), file]]);
    const document = {
      type: "targets",
      specVersion,
      version: 2,
      expires: new Date("2040-01-01"),
      targets,
      unrecognized: {},
    } as const;
    const bytes = await signDocument(document, [createSigner(key)]);
    const { number, base } = await owner.reviewProposal("tools");
    const published = await readRole(store, "tools", 1);
    const forged: ProposalStatement = {
      name: "tools",
      number: number + 1,
      base,
      files: [{ role: "tools", version: 2, sha256: signedSha256(bytes), follows: signedSha256(published) }],
    };
    await putArtifact(
      { store, signal: undefined, concurrency: 1 },
      encodeProposal(forged, [{ name: metadataFileName("tools", 2), bytes }]),
    );
    await expectRefused(owner.acceptProposal("tools"), "MASTER_PATH_NOT_DELEGATED");
    await expectRefused(owner.reviewProposal("tools"), "MASTER_PATH_NOT_DELEGATED");
    expect((await readRelease(store, pinned, clock.now())).snapshot?.bytes).toEqual(before.snapshot?.bytes);
  });

  test("delegates further, level by level, and each level bounds the next", async () => {
    const delegate = await delegateTo("tools", key, ["tools/*", "tools/*/*"]);
    const inner = createPrivateKey();
    await delegate.delegate("saws", {
      from: "tools",
      paths: ["tools/saws/*", "demo.txt"],
      keys: [publicPem(inner)],
      terminating: true,
    });
    await delegate.propose("saws", { role: "tools" });
    const sawyer = await openDelegate("sawyer", inner);
    expect(await sawyer.signProposal("saws")).toMatchObject({ added: ["saws 1"], state: "ready" });
    await owner.acceptProposal("saws");
    await publish(sawyer, "saws", ["tools/saws/band", "zzz"]);
    expect(await read("tools/saws/band")).toBe("zzz");
    const outside = sawyer.pushRoleTarget("saws", { name: "demo.txt", parts: [content("x")] });
    await expectRefused(outside, "MASTER_PATH_NOT_DELEGATED");
  });

  test("is delegated to by prefixes of path hashes", async () => {
    await owner.delegate("half", {
      pathHashPrefixes: ["0", "1", "2", "3", "4", "5", "6", "7"],
      keys: [publicPem(key)],
    });
    await owner.propose("half");
    const delegate = await openDelegate("delegate", key);
    await delegate.signProposal("half");
    await owner.acceptProposal("half");
    const results = await Promise.allSettled(
      ["a", "b", "c", "d"].map((name) => delegate.pushRoleTarget("half", { name, parts: [content(name)] })),
    );
    const kinds = new Set(results.map(({ status }) => status));
    expect(kinds).toEqual(new Set(["fulfilled", "rejected"]));
  });
});

test("a delegate's only key is replaced in one proposal, which the holder of the new key signs", async () => {
  const old = await delegateTo("tools", key, ["tools/*"]);
  await publish(old, "tools", ["tools/hammer", "one"]);
  const [before] = (await owner.listRoleKeys()).filter(({ role }) => role === "tools");
  const next = createPrivateKey();
  await owner.addKey("tools", keyFromPem(publicPem(next)), { owner: "nadia" });
  await owner.removeKey("tools", before?.keys[0]?.keyId ?? "");
  const proposed = await owner.propose("keys");
  expect(proposed).toMatchObject({ state: "open", missing: ["nadia"] });
  expect(proposed.summary.targets).toEqual([]);
  const nadia = await openDelegate("nadia", next);
  await nadia.signProposal("keys");
  await owner.acceptProposal("keys");
  expect(await read("tools/hammer")).toBe("one");
  await publish(nadia, "tools", ["tools/saw", "two"]);
  expect([await read("tools/hammer"), await read("tools/saw")]).toEqual(["one", "two"]);
  await old.pushRoleTarget("tools", { name: "tools/late", parts: [content("late")] });
  await expectRefused(old.propose("late", { role: "tools" }), "MASTER_KEYS_MISSING");
});

test("a delegate's keys have the name of their holder, which a proposal says is missing", async () => {
  await owner.delegate("tools", { paths: ["tools/*"], keys: [publicPem(key)], owner: "dora" });
  expect(await owner.propose("tools")).toMatchObject({ missing: ["dora"] });
  const delegate = await openDelegate("delegate", key);
  expect(await delegate.signProposal("tools")).toMatchObject({ state: "ready" });
});
