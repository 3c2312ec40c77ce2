/** Targets, and a delegated role, get hash bins, and one more target each: the bin that it belongs to is read and kept. */
import process from "node:process";
import type { Master, TargetPart } from "@dtuf/master";
import { openMachine } from "./machine.ts";

export const content = (text: string): TargetPart => ({
  kind: "content",
  content: {
    async *open(offset) {
      yield Buffer.from(text).subarray(offset);
    },
  },
});

/** It can be run again at any moment, and then goes on. */
export async function moveIntoBins(directory: string): Promise<void> {
  const owner = await openMachine(directory, "ci");
  await owner.createBins(4).catch(ignore("MASTER_BINS_EXIST"));
  await owner.pushMetadata();
  await owner.pushTarget("new", [content("new")]);
  await owner.pushMetadata();
}

/** The same for the role `tools`, by proposals. */
export async function moveRoleIntoBins(directory: string): Promise<void> {
  const tools = await openMachine(directory, "tools");
  await tools.createBins(4, { from: "tools" }).catch(ignore("MASTER_BINS_EXIST"));
  await publishRole(directory, tools);
  await tools.pushRoleTarget("tools", { name: "tools/new", parts: [content("new")] });
  await publishRole(directory, tools);
}

async function publishRole(directory: string, tools: Master): Promise<void> {
  await tools.propose("tools", { role: "tools" }).catch(ignore("MASTER_NOTHING_STAGED"));
  await (await openMachine(directory, "ci")).acceptProposal("tools");
}

/** What a run that was killed did already. */
function ignore(code: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Error) || !("code" in error) || error.code !== code) throw error;
  };
}

if (import.meta.main) await (process.argv[2] === "role" ? moveRoleIntoBins : moveIntoBins)(process.argv[3] ?? "");
