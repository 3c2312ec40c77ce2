/** A ceremony of three machines on one layout: Alice proposes, Bob signs, the machine with the online keys accepts. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createMaster, type Master } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createSigner, keyFromPem, type Key } from "@dtuf/tuf";

const now = (): Date => new Date("2030-01-01T00:00:00Z");

export async function openMachine(directory: string, name: string): Promise<Master> {
  const store = createLayoutStore({ directory: join(directory, "registry"), now });
  const pem = name === "ci" ? undefined : await readFile(join(directory, `${name}.pem`), "utf8");
  const signers = pem === undefined ? [] : [createSigner(createPrivateKey(pem))];
  return createMaster({ store, place: "here", directory: join(directory, name), now, signers });
}

export async function publicKeyOf(directory: string, name: string): Promise<Key> {
  const key = createPublicKey(await readFile(join(directory, `${name}.pem`), "utf8"));
  return keyFromPem(String(key.export({ format: "pem", type: "spki" })));
}

/** It can be run again at any moment, and then goes on. Alice has staged a target. */
export async function holdCeremony(directory: string): Promise<void> {
  const alice = await openMachine(directory, "alice");
  const { targets } = await alice.staged();
  if (targets.length > 0) await alice.propose("next").catch(ignoreSettled);
  await (await openMachine(directory, "bob")).signProposal("next");
  await (await openMachine(directory, "ci")).acceptProposal("next");
}

/** What was staged may be published already by a run that was killed. */
function ignoreSettled(error: unknown): void {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "MASTER_NOTHING_STAGED") throw error;
}

if (import.meta.main) await holdCeremony(process.argv[2] ?? "");
