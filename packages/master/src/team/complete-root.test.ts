/** A root that has all its signatures, and is not published yet: no other one of its version is signed, so it must not be lost. */
import type { KeyObject } from "node:crypto";
import { proposalTag } from "@dtuf/format";
import { createSigner, keyFromPem } from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { content } from "@dtuf/testing/oci-content";
import { readRelease } from "@dtuf/testing/reference-reader";
import { usePublishers } from "@dtuf/testing/scene/publishers";
import { shareKeys } from "@dtuf/testing/scene/team";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const people = ["alice", "bob"] as const;
const { clock, store, open } = usePublishers(createMaster);
let keys: Readonly<Record<(typeof people)[number], KeyObject>>;
let ci: Master;
let pinned: Uint8Array;

const person = (name: (typeof people)[number]): Master => open(name, { signers: [createSigner(keys[name])] });

/** Two people sign root and targets together. Both have signed a root, and Bob, who was the last, knows that. */
beforeEach(async () => {
  keys = { alice: createPrivateKey(), bob: createPrivateKey() };
  const founder = open("ci", { signers: Object.values(keys).map((key) => createSigner(key)) });
  const made = [await founder.createRootKey(), ...(await founder.createMetadataKeys())];
  await founder.createMetadata();
  await founder.pushMetadata();
  await shareKeys(founder, made, keys);
  await founder.pushMetadata();
  ci = open("ci");
  pinned = await ci.rootFile();
  for (const name of people) await person(name).adopt({ root: pinned });
  await person("alice").addKey("root", keyFromPem(publicPem(createPrivateKey())), { owner: "dave" });
  await person("alice").propose("next");
  await person("bob").signProposal("next");
  clock.advance({ seconds: 300 });
});

async function expectPublished(name: string): Promise<void> {
  await ci.acceptProposal(name);
  const { root } = await readRelease(store, pinned, clock.now());
  expect([root.signed.version, root.signed.roles.root.keyIds.length]).toEqual([3, 3]);
}

describe("a root that has all its signatures", () => {
  test("is not lost to another proposal of the same name", async () => {
    await person("bob").pushTarget("demo.txt", [content("one")]);
    await expectRefused(person("bob").propose("next"), "MASTER_PROPOSAL_CHANGED", {
      details: { role: "root", got: 3 },
    });
    await person("bob").propose("demo");
    await expectPublished("next");
  });

  test("that the registry lost is proposed again by who staged it and has seen its signatures", async () => {
    await person("alice").reviewProposal("next");
    await store.deleteTag(proposalTag("next"));
    expect(await person("alice").propose("again")).toMatchObject({ state: "ready" });
    await expectPublished("again");
  });

  test("that the registry lost is proposed again by who has seen its signatures and staged nothing", async () => {
    await expectRefused(person("bob").propose("again"), "MASTER_NOTHING_STAGED");
    await store.deleteTag(proposalTag("next"));
    expect(await person("bob").propose("again")).toMatchObject({ state: "ready" });
    await expectPublished("again");
    await expectRefused(person("bob").propose("again"), "MASTER_NOTHING_STAGED");
  });
});
