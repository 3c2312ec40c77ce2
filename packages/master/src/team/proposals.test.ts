/** Ceremonies through the registry: what several people sign before it is published. */
import type { KeyObject } from "node:crypto";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeProposal, latestTag, parseProposal, proposalTag, statementHash, parseStatement } from "@dtuf/format";
import { createSigner, keyFromPem, type Signer } from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { usePublishers } from "@dtuf/testing/scene/publishers";
import { shareKeys } from "@dtuf/testing/scene/team";
import { content } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createMaster, type Master, type ProposalReview } from "../index.ts";
import { putArtifact } from "../release/upload.ts";

const { directory, clock, store, open } = usePublishers(createMaster);
let ci: Master;
let pinned: Uint8Array;
/** What anybody who may write to the registry can do: the signed files of a proposal under another number and name. */
async function renumber(manifest: Uint8Array, { name, number }: { name: string; number: number }): Promise<string> {
  const index = parseProposal(manifest);
  const statement = { ...parseStatement(index.statement.data ?? new Uint8Array()), name, number };
  const files = [...index.files].map(([file, { data }]) => ({ name: file, bytes: data ?? new Uint8Array() }));
  await putArtifact({ store, signal: undefined, concurrency: 1 }, encodeProposal(statement, files));
  return statementHash(statement);
}

/** What anybody who may write to the registry can do to the files of a proposal, and what is signed stays the same. */
async function fill(name: string): Promise<void> {
  const index = parseProposal((await store.resolve(proposalTag(name), { want: "bytes" }))?.bytes ?? new Uint8Array());
  const statement = parseStatement(index.statement.data ?? new Uint8Array());
  const filled = [...index.files].filter(([file]) => file.endsWith(".json"));
  const files = filled.map(([file, { data }]) => {
    const document = JSON.parse(Buffer.from(data ?? []).toString()) as { signatures: unknown[] };
    const junk = { keyid: "0".repeat(64), sig: "00".repeat(400) };
    return {
      name: file,
      bytes: Buffer.from(
        JSON.stringify({ ...document, junk, signatures: [junk, ...document.signatures] }, undefined, 1),
      ),
    };
  });
  await putArtifact({ store, signal: undefined, concurrency: 1 }, encodeProposal(statement, files));
}

const people = ["alice", "bob", "carol"] as const;
type Person = (typeof people)[number];
let keys: Readonly<Record<Person, KeyObject>>;

const person = (name: Person): Master => open(name, { signers: [createSigner(keys[name])] });
const read = async (name: string, root = pinned): Promise<string | undefined> =>
  readTarget(store, await readRelease(store, root, clock.now()), name);

/** A published repository whose root needs two of three people, and whose CI machine has the online keys. */
beforeEach(async () => {
  keys = { alice: createPrivateKey(), bob: createPrivateKey(), carol: createPrivateKey() };
  const founder = open("ci", { signers: Object.values(keys).map((key) => createSigner(key)) });
  const made = [await founder.createRootKey(), ...(await founder.createMetadataKeys())];
  await founder.createMetadata();
  await founder.pushMetadata();
  await shareKeys(founder, made, keys);
  await founder.pushMetadata();
  ci = open("ci");
  pinned = await ci.rootFile();
  for (const name of people) await person(name).adopt({ root: pinned });
});

/** What is signed of the root of a proposal. */
async function rootOf(name: string): Promise<Readonly<Record<string, unknown>>> {
  const manifest = (await store.resolve(proposalTag(name), { want: "bytes" }))?.bytes;
  const { files } = parseProposal(manifest ?? new Uint8Array());
  const [root] = [...files].filter(([file]) => file.endsWith("root.json")).map(([, { data }]) => data);
  return (JSON.parse(Buffer.from(root ?? []).toString("utf8")) as { signed: Record<string, unknown> }).signed;
}

async function proposeDemo(by: Person = "alice", text = "one"): Promise<ProposalReview> {
  const master = person(by);
  await master.pushTarget("demo.txt", [content(text)]);
  return master.propose("next");
}

/** Bob signs it, and the CI machine accepts it. */
async function publishAll({ name, hash }: ProposalReview): Promise<void> {
  await person("bob").signProposal(name, { expectHash: hash });
  await ci.acceptProposal(name);
}

describe("a proposal", () => {
  test("is published once two of three have signed, by a machine with the online keys", async () => {
    const proposed = await proposeDemo();
    expect(proposed).toMatchObject({ state: "open", number: 1, missing: expect.arrayContaining(["bob", "carol"]) });
    expect(proposed.summary.targets).toMatchObject([
      { role: "targets", path: "demo.txt", change: "add", size: { after: 3 } },
    ]);
    await expectRefused(ci.acceptProposal("next"), "MASTER_SIGNATURES_MISSING");
    expect(await read("demo.txt")).toBeUndefined();

    const review = await person("bob").reviewProposal("next", { expectHash: proposed.hash.slice(0, 32) });
    expect(review).toMatchObject({ hash: proposed.hash, state: "open" });
    const signed = await person("bob").signProposal("next", { expectHash: proposed.hash });
    expect(signed).toMatchObject({ state: "ready", missing: [], added: ["targets 3"] });
    expect(await ci.listProposals()).toEqual([{ name: "next", number: 1, state: "ready", missing: [] }]);
    expect(await ci.acceptProposal("next")).toMatchObject({ state: "published" });
    expect(await read("demo.txt")).toBe("one");
    expect(await ci.acceptProposal("next")).toEqual({ state: "already published" });
    expect(await ci.listProposals()).toEqual([]);
    const alice = person("alice");
    await expectRefused(alice.propose("next"), "MASTER_NOTHING_STAGED");
    expect((await alice.staged()).targets).toEqual([]);
  });

  test("names keys in and out by owner and fingerprint, and thresholds before and after", async () => {
    const alice = person("alice");
    const dave = createPrivateKey();
    const id = await alice.addKey("root", keyFromPem(publicPem(dave)), { owner: "dave" });
    await alice.removeKey("root", "carol");
    await alice.setThreshold("root", 3);
    const { summary, signatures } = await alice.propose("rotate");
    expect(summary.documents).toMatchObject([{ role: "root", before: { version: 2 }, after: { version: 3 } }]);
    expect(summary.trust).toMatchObject([
      {
        role: "root",
        in: "root",
        change: "change",
        keysIn: [{ owner: "dave", fingerprint: id }],
        keysOut: [{ owner: "carol" }],
        threshold: { before: 2, after: 3 },
      },
    ]);
    expect(signatures.map(({ of, threshold }) => [of, threshold])).toEqual([
      ["root 2", 2],
      ["root 3", 3],
    ]);
    await person("bob").signProposal("rotate");
    await expectRefused(ci.acceptProposal("rotate", {}), "MASTER_SIGNATURES_MISSING");
    await open("dave", { signers: [createSigner(dave)] }).adopt({ root: pinned });
    await open("dave", { signers: [createSigner(dave)] }).signProposal("rotate");
    expect(await ci.acceptProposal("rotate")).toMatchObject({ result: { versions: { root: 3 } } });
    expect((await readRelease(store, pinned, clock.now())).root.signed.version).toBe(3);
    expect((await alice.staged()).keys.length).toBe(3);
    await expectRefused(alice.propose("rotate"), "MASTER_NOTHING_STAGED");
    expect((await alice.staged()).keys).toEqual([]);
  });

  test("that is half signed stays staged, and is accepted after the rest signed", async () => {
    await proposeDemo();
    expect((await person("alice").staged()).targets).toHaveLength(1);
    clock.advance({ hours: 12 });
    await ci.refreshMetadata();
    await person("carol").signProposal("next");
    expect(await ci.acceptProposal("next")).toMatchObject({ state: "published" });
    expect(await read("demo.txt")).toBe("one");
  });

  test("is refused by a signer who has seen a newer one [T156]", async () => {
    await proposeDemo("alice", "one");
    const old = await store.resolve(proposalTag("next"), { want: "digest" });
    await proposeDemo("alice", "two");
    await person("bob").reviewProposal("next");
    if (old === undefined) throw new TypeError("there was a proposal");
    await store.tag(proposalTag("next"), old.descriptor);
    await expectRefused(person("bob").signProposal("next"), "MASTER_PROPOSAL_REPLAYED");
    await expectRefused(person("bob").reviewProposal("next"), "MASTER_PROPOSAL_REPLAYED");
    expect(await read("demo.txt")).toBeUndefined();
  });

  test("is refused under a new number and name by a signer who has seen what replaced it, unless its hash was read out [T156]", async () => {
    await proposeDemo("alice", "one");
    await person("bob").reviewProposal("next");
    const old = await store.resolve(proposalTag("next"), { want: "bytes" });
    await proposeDemo("alice", "two");
    await person("bob").reviewProposal("next");
    const hash = await renumber(old?.bytes ?? new Uint8Array(), { name: "again", number: 7 });
    const bob = person("bob");
    await expectRefused(bob.signProposal("again"), "MASTER_PROPOSAL_REPLAYED");
    expect((await bob.listProposals()).map(({ name }) => name)).toEqual(["next"]);
    expect((await bob.signProposal("again", { expectHash: hash })).added).toHaveLength(1);
  });

  test("is refused if the registry shows the second signer another one than was read out [T156]", async () => {
    const { hash } = await proposeDemo("alice", "one");
    await person("carol").pushTarget("demo.txt", [content("other")]);
    const other = await person("carol").propose("next");
    expect(other).toMatchObject({ number: 2 });
    await expectRefused(person("bob").signProposal("next", { expectHash: hash }), "MASTER_PROPOSAL_CHANGED");
    expect((await person("bob").reviewProposal("next")).signatures[0]?.signed).toHaveLength(1);
  });

  test("under one number has one content for each who saw it [T156]", async () => {
    await proposeDemo("alice", "one");
    await person("bob").reviewProposal("next");
    await rm(join(directory, "carol"), { recursive: true });
    const latest = await store.resolve(latestTag, { want: "digest" });
    await store.deleteTag(proposalTag("next"));
    await person("carol").adopt({ root: pinned });
    await person("carol").pushTarget("demo.txt", [content("other")]);
    expect(await person("carol").propose("next")).toMatchObject({ number: 1 });
    await expectRefused(person("bob").signProposal("next"), "MASTER_PROPOSAL_CHANGED");
    expect(await store.resolve(latestTag, { want: "digest" })).toEqual(latest);
  });

  test("is not signed by somebody who signed another document of that version, or a newer one [T156]", async () => {
    await proposeDemo("alice", "one");
    await person("bob").signProposal("next");
    await store.deleteTag(proposalTag("next"));
    await person("carol").pushTarget("demo.txt", [content("other")]);
    await person("carol").propose("another");
    await expectRefused(person("bob").signProposal("another"), "MASTER_PROPOSAL_CHANGED");
  });

  test("that is forgotten does not keep its signers from signing a later one of another name", async () => {
    await proposeDemo("alice", "forgotten");
    await person("carol").pushTarget("other.txt", [content("other")]);
    const { hash } = await person("carol").propose("another");
    await person("alice").signProposal("another", { expectHash: hash });
    await ci.acceptProposal("another");
    expect([await read("demo.txt"), await read("other.txt")]).toEqual([undefined, "other"]);
    expect((await person("alice").staged()).targets).toHaveLength(1);
  });

  test("of a root takes the place of one that was signed here only if its hash was read out [T156]", async () => {
    const alice = person("alice");
    await alice.setThreshold("root", 3);
    await alice.propose("rotate");
    await person("bob").signProposal("rotate");
    await alice.setThreshold("root", 2);
    await alice.removeKey("root", "carol");
    const { hash } = await alice.propose("rotate");
    await expectRefused(person("bob").signProposal("rotate"), "MASTER_PROPOSAL_CHANGED");
    await person("bob").signProposal("rotate", { expectHash: hash });
    await ci.acceptProposal("rotate");
    expect((await readRelease(store, pinned, clock.now())).root.signed.roles.root.keyIds).toHaveLength(2);
  });

  test("of a root takes no other's place whose signatures are all there, so that one root of a version can be published [T156]", async () => {
    const alice = person("alice");
    await alice.setThreshold("root", 1);
    await alice.propose("rotate");
    await person("bob").signProposal("rotate");
    await alice.removeKey("root", "carol");
    await expectRefused(alice.propose("rotate"), "MASTER_PROPOSAL_CHANGED");
    await ci.acceptProposal("rotate");
    await alice.propose("rotate");
    await person("bob").signProposal("rotate");
    await ci.acceptProposal("rotate");
    expect((await readRelease(store, pinned, clock.now())).root.signed).toMatchObject({ version: 4 });
  });

  test("that is proposed again, with a target more, keeps its root and the signatures of that, although time went on", async () => {
    const alice = person("alice");
    await alice.setThreshold("root", 3);
    await alice.propose("rotate");
    await person("bob").signProposal("rotate");
    await person("carol").signProposal("rotate");
    const root = await rootOf("rotate");
    clock.advance({ seconds: 300 });
    await alice.pushTarget("demo.txt", [content("one")]);
    const again = await alice.propose("rotate");
    expect(again).toMatchObject({ number: 2, state: "open" });
    expect(await rootOf("rotate")).toEqual(root);
    await publishAll(again);
    expect(await read("demo.txt")).toBe("one");
    expect((await readRelease(store, pinned, clock.now())).root.signed.roles.root.threshold).toBe(3);
  });

  test("that is proposed again does not keep a root that somebody else wrote and not all have signed [T156]", async () => {
    await person("alice").setThreshold("root", 3);
    await person("alice").propose("rotate");
    const root = await rootOf("rotate");
    clock.advance({ seconds: 300 });
    const bob = person("bob");
    await bob.setThreshold("root", 3);
    await bob.propose("rotate");
    expect((await rootOf("rotate"))["expires"]).not.toBe(root["expires"]);
  });

  test("that somebody filled with what nobody signed is published without it, also a root that is kept", async () => {
    const alice = person("alice");
    await alice.setThreshold("root", 3);
    await alice.propose("next");
    await person("bob").signProposal("next");
    await fill("next");
    await alice.pushTarget("demo.txt", [content("one")]);
    const { hash } = await alice.propose("next");
    for (const name of ["bob", "carol"] as const) await person(name).signProposal("next", { expectHash: hash });
    await fill("next");
    await ci.acceptProposal("next");
    const { root, targets } = await readRelease(store, pinned, clock.now());
    for (const { bytes, signed } of [root, targets ?? root]) {
      expect(signed.version).toBe(3);
      expect(Buffer.from(bytes).toString()).not.toMatch(/junk|000000|\n/);
    }
  });

  test("is refused once something else of the role was published [T157]", async () => {
    await proposeDemo("alice", "one");
    await person("carol").pushTarget("demo.txt", [content("other")]);
    await person("carol").propose("another");
    await person("bob").signProposal("another");
    await ci.acceptProposal("another");
    await expectRefused(person("bob").signProposal("next"), "MASTER_PROPOSAL_OUTDATED");
    await expectRefused(ci.acceptProposal("next"), "MASTER_PROPOSAL_OUTDATED");
    expect(await ci.listProposals()).toEqual([]);
    expect(await read("demo.txt")).toBe("other");
  });

  test("is refused if the registry goes back to an older release than the signer has seen [T157]", async () => {
    const before = await store.resolve(latestTag, { want: "digest" });
    await proposeDemo("alice", "one");
    await person("bob").signProposal("next");
    await ci.acceptProposal("next");
    const carol = person("carol");
    await carol.reviewProposal("next");
    if (before === undefined) throw new TypeError("there was a release");
    await store.tag(latestTag, before.descriptor);
    await expectRefused(carol.reviewProposal("next"), "TUF_ROLLBACK");
    await expectRefused(carol.signProposal("next"), "TUF_ROLLBACK");
  });

  test("is not signed while the published timestamp has expired, unless a colleague read the hash out [T157]", async () => {
    const { hash } = await proposeDemo();
    clock.advance({ days: 3 });
    await expectRefused(person("bob").signProposal("next"), "MASTER_BASE_EXPIRED");
    expect(await person("bob").signProposal("next", { expectHash: hash })).toMatchObject({ state: "ready" });
  });

  test("is signed by nobody who has no key of its roles", async () => {
    await proposeDemo();
    const stranger = open("stranger", { signers: [createSigner(createPrivateKey())] });
    await stranger.adopt({ root: pinned });
    await expectRefused(stranger.signProposal("next"), "MASTER_KEYS_MISSING");
    expect((await person("bob").reviewProposal("next")).signatures[0]?.signed).toHaveLength(1);
  });

  test("is published once if two machines accept it at the same time", async () => {
    await proposeDemo();
    await person("bob").signProposal("next");
    await cp(join(directory, "ci"), join(directory, "ci2"), { recursive: true });
    const results = await Promise.all([ci.acceptProposal("next"), open("ci2").acceptProposal("next")]);
    expect(results.map(({ state }) => state).toSorted()).toEqual(["already published", "published"]);
    expect(await read("demo.txt")).toBe("one");
  });

  test("keeps the signatures of two people who sign at the same time", async () => {
    const alice = person("alice");
    await alice.setThreshold("root", 3);
    await alice.propose("next");
    await Promise.all([person("bob").signProposal("next"), person("carol").signProposal("next")]);
    expect(await ci.acceptProposal("next")).toMatchObject({ state: "published" });
  });

  test("does not lose its targets when the registry is pruned, although an old release had them", async () => {
    await publishAll(await proposeDemo("alice", "gone and back"));
    await person("alice").listProposals();
    await person("alice").deleteTarget("demo.txt");
    await publishAll(await person("alice").propose("next"));
    const { hash } = await proposeDemo("alice", "gone and back");
    await person("bob").signProposal("next");
    for (let days = 0; days < 4; days++) {
      clock.advance({ days: 3 });
      await ci.refreshMetadata({ snapshot: "if-due" });
    }
    expect((await ci.prune()).releases).not.toEqual([]);
    expect(await ci.listProposals()).toMatchObject([{ name: "next", state: "ready" }]);
    await ci.acceptProposal("next", { expectHash: hash });
    expect(await read("demo.txt")).toBe("gone and back");
  });
});

test("where no tag but `latest` may be moved, a proposal is refused with the tag in the error, and nothing is published", async () => {
  await using remote = await createRemoteRepository({ immutableTags: { which: "all but latest", like: "ECR" } });
  const at = (name: string, signers: readonly Signer[] = []): Master =>
    createMaster({ store: remote.store, place: "there", directory: join(directory, name), now: clock.now, signers });
  const signers = Object.values(keys).map((key) => createSigner(key));
  const founder = at("founder", signers);
  await founder.createRootKey();
  const made = await founder.createMetadataKeys();
  await founder.createMetadata();
  await founder.pushMetadata();
  for (const owner of people) await founder.addKey("targets", keyFromPem(publicPem(keys[owner])), { owner });
  for (const { role, keyId } of made) if (role === "targets") await founder.removeKey(role, keyId);
  await founder.setThreshold("targets", 2);
  await founder.pushMetadata();
  const alice = at("alice-there", signers.slice(0, 1));
  await alice.adopt({ root: await founder.rootFile() });
  await alice.pushTarget("demo.txt", [content("one")]);
  await alice.propose("next");
  const bob = at("bob-there", signers.slice(1, 2));
  await bob.adopt({ root: await founder.rootFile() });
  await expectRefused(bob.signProposal("next"), "OCI_TAG_IMMUTABLE");
  await expectRefused(at("founder").acceptProposal("next"), "MASTER_SIGNATURES_MISSING");
  expect((await bob.reviewProposal("next")).signatures[0]?.signed).toHaveLength(1);
});
