/** Versions far above those of the last release, signed with keys that were stolen: what a team signs above, and what not. */
import { createPrivateKey as readPrivateKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@dtuf/registry";
import { createPrivateKey } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createSigner, parseUnverified, signDocument, type Signer } from "@dtuf/tuf";
import { usePublishers } from "@dtuf/testing/scene/publishers";
import { shareKeys } from "@dtuf/testing/scene/team";
import { content } from "@dtuf/testing/oci-content";
import { readFiles, showFiles } from "@dtuf/testing/scene/published";
import { beforeEach, expect, test } from "vitest";
import { createMaster, type Master } from "../index.ts";

const enormous = 5_000_000;
const people = ["alice", "bob"] as const;
const { directory, store, open } = usePublishers(createMaster);
let keys: Readonly<Record<(typeof people)[number], KeyObject>>;

const person = (name: (typeof people)[number]): Master => open(name, { signers: [createSigner(keys[name])] });

/** Two people sign root and targets together; the machine "ci" has the online keys. */
beforeEach(async () => {
  keys = { alice: createPrivateKey(), bob: createPrivateKey() };
  const ci = open("ci", { signers: Object.values(keys).map((key) => createSigner(key)) });
  const made = [await ci.createRootKey(), ...(await ci.createMetadataKeys())];
  await ci.createMetadata();
  await ci.pushMetadata();
  await shareKeys(ci, made, keys);
  await ci.pushMetadata();
  const root = await ci.rootFile();
  for (const name of people) await person(name).adopt({ root });
});

/** The published metadata again, with an enormous version of these roles, under `latest`. */
async function forward({ targets }: { readonly targets: boolean }): Promise<void> {
  const files = await readFiles(store);
  const nameOf = (role: string): string => [...files.keys()].find((name) => name.endsWith(`${role}.json`)) ?? "";
  const bytesOf = (role: string): Uint8Array => files.get(nameOf(role)) ?? new Uint8Array();
  const replace = (role: string, bytes: Uint8Array): void => {
    const name = nameOf(role);
    files.delete(name);
    files.set(name.replace(/^[0-9]+/u, String(enormous)), bytes);
  };
  const online = async (role: string): Promise<readonly Signer[]> => [
    createSigner(readPrivateKey(await readFile(join(directory, `ci/keys/${role}_key`), "utf8"))),
  ];
  const about = (bytes: Uint8Array) => ({
    version: enormous,
    length: bytes.length,
    hashes: new Map([["sha256", digestOf(bytes).slice("sha256:".length)]]),
    unrecognized: {},
  });
  const snapshot = parseUnverified(bytesOf("snapshot"), "snapshot");
  const meta = new Map(snapshot.meta);
  if (targets) {
    const document = { ...parseUnverified(bytesOf("targets"), "targets"), version: enormous };
    const both = Object.values(keys).map((key) => createSigner(key));
    replace("targets", await signDocument(document, both));
    meta.set("targets.json", about(bytesOf("targets")));
  }
  replace("snapshot", await signDocument({ ...snapshot, meta, version: enormous }, await online("snapshot")));
  const timestamp = parseUnverified(bytesOf("timestamp"), "timestamp");
  const newest = { ...timestamp, snapshot: about(bytesOf("snapshot")), version: enormous };
  replace("timestamp", await signDocument(newest, await online("timestamp")));
  await showFiles(store, files, enormous);
}

const code = "MASTER_VERSION_IMPLAUSIBLE";

test("above enormous versions of timestamp and snapshot a team signs what it agreed on by voice [T27]", async () => {
  await forward({ targets: false });
  const alice = person("alice");
  await alice.pushTarget("a", [content("one")]);
  await expectRefused(alice.propose("next"), code, { details: { role: "timestamp" } });
  const { hash } = await alice.propose("next", { expectSnapshot: String(enormous) });
  await expectRefused(person("bob").signProposal("next"), code, { details: { role: "timestamp" } });
  expect(await person("bob").signProposal("next", { expectHash: hash })).toMatchObject({ state: "ready" });
});

test("above an enormous version of targets nobody signs, agreed on or not [T27]", async () => {
  await forward({ targets: true });
  const alice = person("alice");
  await alice.pushTarget("a", [content("one")]);
  const { hash } = await alice.propose("next", { expectSnapshot: String(enormous) });
  const bob = person("bob");
  await expectRefused(bob.signProposal("next", { expectHash: hash }), code, { details: { role: "targets" } });
  await expectRefused(bob.reviewProposal("next", { expectHash: hash }), code, { details: { role: "targets" } });
});
