/** A delegate with a valid key that proposes more than a document of its own role. */
import type { KeyObject } from "node:crypto";
import { encodeProposal, latestTag, metadataFileName, proposalTag } from "@dtuf/format";
import {
  createSigner,
  parseRoleName,
  signDocument,
  signedSha256,
  type DelegatedRole,
  type Delegations,
  type Signer,
  type Targets,
  parseUnverified,
} from "@dtuf/tuf";
import { createPrivateKey, publicPem } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { establish, usePublishers } from "@dtuf/testing/scene/publishers";
import { content } from "@dtuf/testing/oci-content";
import { readRole } from "@dtuf/testing/scene/published";
import { beforeEach, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";
import { putArtifact } from "../release/upload.ts";

const { clock, store, open } = usePublishers(createMaster);
let owner: Master;
let libs: Master;
let tools: Master;
let pinned: Uint8Array;
let key: KeyObject;

const read = async (name: string): Promise<string | undefined> =>
  readTarget(store, await readRelease(store, pinned, clock.now()), name);
const latest = async (): Promise<string | undefined> =>
  (await store.resolve(latestTag, { want: "digest" }))?.descriptor.digest;

let states = 0;

async function openDelegate(of: KeyObject): Promise<Master> {
  const delegate = open(`delegate-${states++}`, { signers: [createSigner(of)] });
  await delegate.adopt({ root: pinned });
  return delegate;
}

async function delegateTo(role: string, of: KeyObject, paths: readonly string[]): Promise<Master> {
  await owner.delegate(role, { paths, keys: [publicPem(of)] });
  await owner.propose(role);
  const delegate = await openDelegate(of);
  await delegate.signProposal(role);
  await owner.acceptProposal(role);
  return delegate;
}

async function publish(delegate: Master, role: string, [name, text]: readonly [string, string]): Promise<void> {
  await delegate.pushRoleTarget(role, { name, parts: [content(text)] });
  await delegate.propose(role, { role });
  await owner.acceptProposal(role);
}

/** Tools belongs to the attacker; libs delegates to inner, which has a target. */
beforeEach(async () => {
  owner = await establish(open("owner"));
  await owner.pushMetadata();
  pinned = await owner.rootFile();
  key = createPrivateKey();
  tools = await delegateTo("tools", key, ["tools/*"]);
  libs = await delegateTo("libs", createPrivateKey(), ["libs/*", "libs/*/*"]);
});

interface Forged {
  readonly role: string;
  readonly change: Partial<Targets>;
  /** The published version that it replaces. */
  readonly from: number;
}

/** Proposes documents that the attacker's key signs, as no program of this project would make them. */
async function forge(...list: readonly Forged[]): Promise<void> {
  const files = [];
  const layers = [];
  for (const { role, change, from } of list) {
    const published = await readRole(store, role, from);
    const document = { ...parseUnverified(published, "targets"), version: from + 1, ...change };
    const bytes = await signDocument(document, [createSigner(key)]);
    const { version } = document;
    files.push({ role, version, sha256: signedSha256(bytes), follows: signedSha256(published) });
    layers.push({ name: metadataFileName(role, version), bytes });
  }
  const base = (await store.resolve(latestTag, { want: "digest" }))?.descriptor.digest;
  if (base === undefined) throw new TypeError("nothing is published");
  const artifact = encodeProposal({ name: "forged", number: 1, base, files }, layers);
  await putArtifact({ store, signal: undefined, concurrency: 1 }, artifact);
  expect(await store.resolve(proposalTag("forged"), { want: "digest" })).toBeDefined();
}

/** A delegation to the attacker's own key, under any id. */
function delegationTo(
  name: string,
  { keyId, key: material }: Pick<Signer, "keyId" | "key"> = createSigner(key),
): Delegations {
  const role: DelegatedRole = {
    ...{ name: parseRoleName(name), keyIds: [keyId], threshold: 1, terminating: false },
    ...{ paths: ["tools/*"], unrecognized: {} },
  };
  return { kind: "listed", keys: new Map([[keyId, material]]), roles: [role], unrecognized: {} };
}

async function expectNotAccepted(): Promise<void> {
  const before = await latest();
  await expectRefused(owner.reviewProposal("forged"), "MASTER_PROPOSAL_INVALID");
  await expectRefused(owner.acceptProposal("forged"), "MASTER_PROPOSAL_INVALID");
  expect(await latest()).toBe(before);
}

test("a delegate cannot take the role of another delegate with a file of its own [T160]", async () => {
  const inner = createPrivateKey();
  await libs.delegate("inner", { from: "libs", paths: ["libs/inner/*"], keys: [publicPem(inner)] });
  await libs.propose("inner", { role: "libs" });
  const holder = await openDelegate(inner);
  await holder.signProposal("inner");
  await owner.acceptProposal("inner");
  await publish(holder, "inner", ["libs/inner/a", "one"]);
  await forge(
    { role: "tools", from: 1, change: { delegations: delegationTo("inner") } },
    { role: "inner", from: 2, change: { targets: new Map() } },
  );
  await expectNotAccepted();
  await publish(holder, "inner", ["libs/inner/b", "two"]);
  expect([await read("libs/inner/a"), await read("libs/inner/b")]).toEqual(["one", "two"]);
});

const delegations: readonly (readonly [string, () => Delegations])[] = [
  ["a role that has no file", () => delegationTo("nobody")],
  ["a role that targets delegates to", () => delegationTo("libs")],
  ["hash bins that have no files", () => binsOf(createSigner(key), 1)],
  ["more hash bins than anybody can have", () => binsOf(createSigner(key), 32)],
];
test.each(delegations)(
  "a delegate cannot delegate to %s, because clients could not list targets [T160]",
  async (_, of) => {
    await forge({ role: "tools", from: 1, change: { delegations: of() } });
    await expectNotAccepted();
  },
);

function binsOf({ keyId, key: material }: Signer, bitLength: number): Delegations {
  const succinct = { keyIds: [keyId], threshold: 1, bitLength, namePrefix: "bin", unrecognized: {} };
  return { kind: "succinct", keys: new Map([[keyId, material]]), succinct, unrecognized: {} };
}

test("a delegate cannot put another key under the id of one, so that a published file is not signed any more [T160]", async () => {
  await tools.delegate("saws", { from: "tools", paths: ["tools/*"], keys: [publicPem(key)] });
  await tools.propose("saws", { role: "tools" });
  await owner.acceptProposal("saws");
  const { keyId } = createSigner(key);
  const other = createSigner(createPrivateKey());
  const change = { delegations: delegationTo("saws", { keyId, key: other.key }) };
  await forge({ role: "tools", from: 2, change });
  await expectNotAccepted();
});

test("a delegate cannot use up the version numbers of its role: new keys of it publish on [T160]", async () => {
  await forge({ role: "tools", from: 1, change: { version: Number.MAX_SAFE_INTEGER } });
  await expectNotAccepted();
  const next = await delegateTo("tools", createPrivateKey(), ["tools/*"]);
  await publish(next, "tools", ["tools/a", "one"]);
  expect(await read("tools/a")).toBe("one");
});
