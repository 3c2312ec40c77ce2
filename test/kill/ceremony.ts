/** A ceremony of three machines on one layout: Alice proposes, Bob signs, the machine with the online keys accepts. */
import process from "node:process";
import { openMachine } from "./machine.ts";

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
