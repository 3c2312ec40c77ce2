/** Hash bins in proposals: of targets, and of a delegated role. */
import type { KeyObject } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createSigner, keyFromPem, parseUnverified } from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { readTopLevel } from "@dtuf/testing/scene/published";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, openSigningRequest, type Master } from "../index.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let owner: Master;
let pinned: Uint8Array;
let key: KeyObject;

const read = async (...names: readonly string[]): Promise<readonly (string | undefined)[]> => {
  const release = await readRelease(store, pinned, clock.now());
  return Promise.all(names.map((name) => readTarget(store, release, name)));
};

/** The files of the published snapshot with their versions. */
async function versions(): Promise<ReadonlyMap<string, number>> {
  const { meta } = parseUnverified(await readTopLevel(store, "snapshot"), "snapshot");
  return new Map([...meta].map(([name, { version }]) => [name, version]));
}

const changed = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): readonly string[] =>
  [...after].filter(([name, version]) => before.get(name) !== version).map(([name]) => name);

beforeEach(async () => {
  owner = await establish(open("owner"));
  for (const name of ["a", "b", "c"]) await owner.pushTarget(name, [content(name)]);
  await owner.pushMetadata();
  pinned = await owner.rootFile();
  key = createPrivateKey();
});

async function accepted(name: string): Promise<void> {
  expect(await owner.acceptProposal(name)).toMatchObject({ state: "published" });
}

describe("hash bins of targets that two people sign", () => {
  let second: Master;

  beforeEach(async () => {
    await owner.addKey("targets", keyFromPem(publicPem(key)), { owner: "second" });
    await owner.setThreshold("targets", 2);
    await owner.propose("second");
    second = open("second", { signers: [createSigner(key)] });
    await second.adopt({ root: pinned });
    await second.signProposal("second");
    await accepted("second");
    await owner.createBins(64);
  });

  test("are proposed all together, shown as one line, signed once for each content, and accepted", async () => {
    const proposed = await owner.propose("bins");
    expect(proposed.summary).toMatchObject({
      documents: [{ role: "targets" }, { role: "bins-00", bins: 64, after: { version: 1 } }],
      trust: [{ role: "bins", change: "add", scope: { after: "64 hash bins" } }],
      targets: [],
    });
    expect(proposed.signatures).toHaveLength(2);
    expect(proposed.signatures[1]).toMatchObject({ bins: 64, missing: ["second"] });
    const stranger = open("stranger", { signers: [createSigner(createPrivateKey())] });
    await stranger.adopt({ root: pinned });
    await expect(stranger.signProposal("bins")).rejects.toThrow(
      "can sign targets 3, 64 hash bins from bins-00 on; missing",
    );
    const signed = await second.signProposal("bins", { shownHash: proposed.hash });
    expect(signed).toMatchObject({ state: "ready", missing: [], added: ["targets 3", "64 hash bins from bins-00 on"] });
    expect(signed.signatures[1]?.signed).toHaveLength(2);
    await accepted("bins");
    expect(await read("a", "b", "c", "none")).toEqual(["a", "b", "c", undefined]);
    expect((await owner.staged()).bins).toBeUndefined();
    expect(await second.reviewProposal("bins")).toMatchObject({ state: "published" });
  });

  test("take one more target: its bin alone is proposed and published", async () => {
    await owner.propose("bins");
    await second.signProposal("bins");
    await accepted("bins");
    const before = await versions();
    await second.pushTarget("new", [content("new")]);
    await second.deleteTarget("b");
    const { summary } = await second.propose("next");
    expect(summary.targets).toMatchObject([
      { role: "targets", path: "b", change: "delete" },
      { role: "targets", path: "new", change: "add" },
    ]);
    await owner.signProposal("next");
    await accepted("next");
    expect(await read("a", "b", "new")).toEqual(["a", undefined, "new"]);
    expect(changed(before, await versions()).every((name) => name.startsWith("bins-"))).toBe(true);
    expect((await second.staged()).targets).toHaveLength(2);
    await second.listProposals();
    expect((await second.staged()).targets).toEqual([]);
  });

  test("show the one target that changes while all of them change [T186]", async () => {
    await owner.propose("bins");
    await second.signProposal("bins");
    await accepted("bins");
    await owner.resizeBins(8);
    await owner.deleteTarget("b");
    await owner.pushTarget("c", [content("other")]);
    await owner.propose("resize");
    expect((await second.reviewProposal("resize")).summary.targets).toMatchObject([
      { role: "targets", path: "b", change: "delete" },
      { role: "targets", path: "c", change: "replace" },
    ]);
  });

  test("are resized and renewed; a machine that is never online sees the same and signs", async () => {
    await owner.propose("bins");
    await second.signProposal("bins");
    await accepted("bins");
    await owner.resizeBins(8);
    const proposed = await owner.propose("resize");
    expect(proposed.summary).toMatchObject({ documents: [{ role: "targets" }, { bins: 8 }], targets: [] });
    const request = await openSigningRequest(await second.exportProposal("resize"), { expectHash: proposed.hash });
    expect(request.review).toEqual(await second.reviewProposal("resize"));
    const { file } = await request.sign([createSigner(key)]);
    expect(await second.importSignatures([file])).toMatchObject({ state: "ready" });
    await accepted("resize");
    expect(await read("a", "b", "c")).toEqual(["a", "b", "c"]);
    clock.advance({ days: 60 });
    await owner.refreshMetadata();
    const { summary } = await owner.propose("renewal");
    expect(summary).toMatchObject({ documents: [{ role: "targets" }, { bins: 8 }], targets: [] });
  });
});

describe("hash bins of a delegated role", () => {
  let tools: Master;

  beforeEach(async () => {
    await owner.delegate("tools", { paths: ["tools/*"], keys: [publicPem(key)] });
    await owner.propose("tools");
    tools = open("tools", { signers: [createSigner(key)] });
    await tools.adopt({ root: pinned });
    await tools.signProposal("tools");
    await accepted("tools");
    for (const name of ["tools/a", "tools/b"]) await tools.pushRoleTarget("tools", { name, parts: [content(name)] });
    await publish();
    await tools.createBins(16, { from: "tools" });
  });

  async function publish(): Promise<void> {
    await tools.propose("next", { role: "tools" });
    await accepted("next");
  }

  test("take all targets of the role, which stay readable, and one more changes one bin and not the role", async () => {
    const { summary } = await tools.propose("next", { role: "tools" });
    expect(summary).toMatchObject({ documents: [{ role: "tools" }, { role: "tools.bins-0", bins: 16 }], targets: [] });
    await accepted("next");
    expect(await read("tools/a", "tools/b", "a")).toEqual(["tools/a", "tools/b", "a"]);
    const before = await versions();
    await tools.pushRoleTarget("tools", { name: "tools/new", parts: [content("new")] });
    await tools.deleteRoleTarget("tools", "tools/b");
    await expectRefused(tools.deleteRoleTarget("tools", "tools/none"), "MASTER_TARGET_UNKNOWN");
    expect(await tools.stagedInRole("tools")).toMatchObject([{ change: "delete" }, { change: "add" }]);
    await publish();
    expect(await read("tools/a", "tools/b", "tools/new")).toEqual(["tools/a", undefined, "new"]);
    expect(changed(before, await versions()).every((name) => name.startsWith("tools.bins-"))).toBe(true);
    expect(await tools.stagedInRole("tools")).toEqual([]);
    await expectRefused(tools.propose("next", { role: "tools" }), "MASTER_NOTHING_STAGED");
  });

  test("are resized, and follow the role's keys when the owner replaces these", async () => {
    await publish();
    await tools.resizeBins(2, { role: "tools" });
    await publish();
    expect(await read("tools/a", "tools/b")).toEqual(["tools/a", "tools/b"]);
    const other = createPrivateKey();
    await owner.delegate("tools", { paths: ["tools/*"], keys: [publicPem(other)] });
    await owner.propose("keys");
    const next = open("next", { signers: [createSigner(other)] });
    await next.adopt({ root: pinned });
    await next.signProposal("keys");
    await accepted("keys");
    expect(await read("tools/a", "tools/b")).toEqual(["tools/a", "tools/b"]);
    await next.pushRoleTarget("tools", { name: "tools/new", parts: [content("new")] });
    await next.propose("next", { role: "tools" });
    await accepted("next");
    expect(await read("tools/a", "tools/new")).toEqual(["tools/a", "new"]);
  });

  test("cannot be created beside roles that it delegates to, or twice, and nothing is staged", async () => {
    await publish();
    const delegation = { from: "tools", paths: ["tools/x/*"], keys: [publicPem(key)] };
    await expectRefused(tools.delegate("inner", delegation), "MASTER_BINS_EXIST");
    await expectRefused(tools.createBins(4, { from: "tools" }), "MASTER_BINS_EXIST");
    await expectRefused(tools.createBins(4, { from: "nobody" }), "MASTER_ROLE_UNKNOWN");
    await expectRefused(owner.createBins(4), "MASTER_BINS_EXIST");
    expect(await readdir(join(directory, "tools", "team"))).toEqual(["memory.json"]);
  });

  test("have names that no other role can take for its bins [T160]", async () => {
    await publish();
    const saws = createPrivateKey();
    await owner.delegate("saws", { paths: ["saws/*"], keys: [publicPem(saws)] });
    await owner.propose("saws");
    const attacker = open("saws", { signers: [createSigner(saws)] });
    await attacker.adopt({ root: pinned });
    await attacker.signProposal("saws");
    await accepted("saws");
    for (const count of [16, 32]) {
      await attacker.createBins(count, { from: "saws", namePrefix: "tools.bins" });
      await expect(attacker.propose("steal", { role: "saws" })).rejects.toMatchObject({
        code: count === 16 ? "MASTER_PROPOSAL_OUTDATED" : "MASTER_PROPOSAL_INVALID",
      });
    }
    await attacker.createBins(4, { from: "saws", namePrefix: "sa" });
    await attacker.propose("own", { role: "saws" });
    await accepted("own");
    await owner.revokeRole("saws");
    await owner.propose("revoke");
    await accepted("revoke");
    expect(await read("tools/a", "tools/b")).toEqual(["tools/a", "tools/b"]);
  });
});
