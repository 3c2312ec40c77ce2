/** A ceremony is killed at each change of the disk, or the disk is full from some call on. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLayoutStore } from "@dtuf/registry/layout";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { createPrivateKey } from "@dtuf/testing/keys";
import { readRelease, readTarget } from "@dtuf/testing/reference-reader";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, expect, test } from "vitest";
import { holdCeremony } from "./ceremony.ts";
import { openMachine, publicKeyOf } from "./machine.ts";

const start = useDirectory("all tests");
let root: Uint8Array;

/** Root and targets need Alice and Bob; Alice has staged `demo.txt`. */
beforeAll(async () => {
  for (const name of ["alice", "bob"]) {
    await writeFile(join(start, `${name}.pem`), createPrivateKey().export({ format: "pem", type: "pkcs8" }));
  }
  const ci = await openMachine(start, "ci");
  await ci.createRootKey();
  const made = await ci.createMetadataKeys();
  await ci.createMetadata();
  await ci.pushMetadata();
  root = await ci.rootFile();
  for (const owner of ["alice", "bob"]) await ci.addKey("targets", await publicKeyOf(start, owner), { owner });
  for (const { role, keyId } of made) if (role === "targets") await ci.removeKey(role, keyId);
  await ci.setThreshold("targets", 2);
  await ci.propose("people");
  for (const name of ["alice", "bob"]) {
    const person = await openMachine(start, name);
    await person.adopt({ root });
    await person.signProposal("people");
  }
  await ci.acceptProposal("people");
  const alice = await openMachine(start, "alice");
  await alice.listProposals();
  await writeFile(join(start, "demo.txt"), "demo");
  await alice.pushTarget("demo.txt", [{ kind: "file", path: join(start, "demo.txt") }]);
});

async function read(directory: string): Promise<string | undefined> {
  const store = createLayoutStore({ directory: join(directory, "registry") });
  return readTarget(store, await readRelease(store, root, new Date("2030-01-01T00:00:00Z")), "demo.txt");
}

/** Clients see the old release or the new one, and the next run ends the ceremony. */
async function goOn(directory: string): Promise<void> {
  expect([undefined, "demo"]).toContain(await read(directory));
  await holdCeremony(directory);
  expect(await read(directory)).toBe("demo");
  expect((await (await openMachine(directory, "alice")).listProposals()).length).toBe(0);
  expect((await (await openMachine(directory, "alice")).staged()).targets).toEqual([]);
}

const patience = { timeout: 600_000 };

test(
  "killed at any change, a ceremony goes on where it was, and clients see the old release or the new one",
  patience,
  async () => {
    const program = join(import.meta.dirname, "ceremony.ts");
    expect(await killAtEachChange({ program, before: start, check: goOn })).toBeGreaterThan(20);
  },
);

test("on a disk that is full, a ceremony loses nothing that was staged or signed", patience, async () => {
  const outcomes = new Set<string>();
  const check = async (directory: string, outcome: string): Promise<void> => {
    outcomes.add(outcome);
    await goOn(directory);
  };
  await failAtEachCall({ before: start, run: holdCeremony, kind: "full", check });
  expect(outcomes).toContain("FILE_NO_SPACE");
});
