/** A team signs again what is due, although nothing changes. */
import { createSigner } from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { readRelease } from "@dtuf/testing/reference-reader";
import { usePublishers } from "@dtuf/testing/scene/publishers";
import { shareKeys } from "@dtuf/testing/scene/team";
import { beforeEach, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const keys = { alice: createPrivateKey(), bob: createPrivateKey(), dora: createPrivateKey() };
const { clock, store, open } = usePublishers(createMaster);
let ci: Master;
let pinned: Uint8Array;

const person = (name: keyof typeof keys): Master => open(name, { signers: [createSigner(keys[name])] });

/** Root and targets need Alice and Bob; Dora has the role `tools`. CI has the online keys. */
beforeEach(async () => {
  const founder = open("ci", { signers: Object.values(keys).map((key) => createSigner(key)) });
  const made = [await founder.createRootKey(), ...(await founder.createMetadataKeys())];
  await founder.createMetadata();
  await shareKeys(founder, made, { alice: keys.alice, bob: keys.bob });
  await founder.delegate("tools", { paths: ["tools/*"], keys: [publicPem(keys.dora)] });
  await founder.pushMetadata();
  ci = open("ci");
  pinned = await ci.rootFile();
  for (const name of ["alice", "bob", "dora"] as const) await person(name).adopt({ root: pinned });
});

/** So many days pass, and CI refreshes at their end. */
async function pass(days: number): Promise<void> {
  clock.advance({ days });
  await ci.refreshMetadata({ snapshot: "if-due" });
}

test("nothing is proposed while nothing is staged or due", async () => {
  await expectRefused(person("alice").propose("next"), "MASTER_NOTHING_STAGED");
  await expectRefused(person("dora").propose("tools", { role: "tools" }), "MASTER_NOTHING_STAGED");
});

test("targets that are due are proposed without a change, but not by a machine that has no key of them", async () => {
  await pass(60);
  await expectRefused(ci.propose("next"), "MASTER_NOTHING_STAGED");
  const { summary, hash } = await person("alice").propose("next");
  expect(summary).toMatchObject({ documents: [{ role: "targets", after: { version: 2 } }], trust: [], targets: [] });
  await person("bob").signProposal("next", { expectHash: hash });
  await ci.acceptProposal("next");
  clock.advance({ days: 80 });
  await ci.refreshMetadata({ snapshot: "if-due" });
  expect((await readRelease(store, pinned, clock.now())).targets?.signed.version).toBe(2);
});

test("a delegated role that is due is renewed by its own key alone", async () => {
  await pass(60);
  await person("dora").propose("tools", { role: "tools" });
  await ci.acceptProposal("tools");
  const { roles } = await ci.status({ registry: "check" });
  expect(roles.find(({ role }) => role === "tools")).toMatchObject({ version: 2, state: "good" });
});

test("an expired root is renewed by two of its holders, although no timestamp can be signed under it any more", async () => {
  clock.advance({ days: 366 });
  await expectRefused(ci.refreshMetadata({ snapshot: "if-due" }), "MASTER_ROLE_EXPIRED");
  await expectRefused(person("alice").propose("next"), "MASTER_BASE_EXPIRED");
  const { hash, summary } = await person("alice").propose("next", { expectSnapshot: "1" });
  expect(summary.documents.map(({ role }) => role)).toEqual(["root", "targets"]);
  await person("bob").signProposal("next", { expectHash: hash });
  expect(await ci.acceptProposal("next", { expectHash: hash })).toMatchObject({ state: "published" });
  const { root, targets } = await readRelease(store, pinned, clock.now());
  expect([root.signed.version, targets?.signed.version]).toEqual([3, 2]);
});
