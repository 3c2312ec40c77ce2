import type { MasterStatus } from "@dtuf/master";
import type { Context, Run } from "../context/command.ts";
import { withMaster } from "./master.ts";

export const run: Run = (context, [repo = ""]) =>
  withMaster(context, repo, async (master, place) => {
    const status = await master.status({
      signal: context.io.signal,
      withinMs: context.values.durationMs("within"),
      registry: context.values.on("offline") ? "skip" : "check",
    });
    if (context.terminal.format === "json") await context.terminal.printJson({ place, ...status });
    else await print(context, place, status);
    return status.due.length > 0 ? 10 : 0;
  });

async function print({ terminal }: Context, place: string, status: MasterStatus): Promise<void> {
  const { versions, registry, staged, due } = status;
  await terminal.printName(`place: ${place}`);
  await terminal.print(`published: ${versions === "never" ? "never" : `release ${versions.timestamp}`}`);
  await terminal.print(`registry: ${registry}`);
  for (const { change, path } of staged.targets) await terminal.printName(`staged: ${change} ${path}`);
  for (const role of staged.roles) await terminal.printName(`staged: role ${role}`);
  for (const version of staged.roots) await terminal.print(`staged: root ${version}`);
  for (const { role, expires, state } of due) {
    await terminal.printName(`due: ${role} ${state === "expired" ? "expired" : "expires"} at ${expires.toISOString()}`);
  }
}
