/** Commands for releases that are published already. */
import type { Command } from "../../context/command.ts";
import { entry, pushModes, pushSettings, stateSettings } from "../../entry.ts";

export const releaseCommands: readonly Command[] = [
  entry({
    name: "list-releases",
    summary: "the releases that are still there, and what each of them changed",
    settings: [...stateSettings, "all"],
    examples: ["dtuf list-releases fred/demo"],
    load: () => import("./list-releases.ts"),
  }),
  entry({
    name: "rollback-release",
    summary: "publish the targets of an earlier release again, as a new release",
    arguments: "<repo> <release>",
    settings: [...stateSettings, ...pushSettings],
    modes: pushModes,
    examples: ["dtuf rollback-release fred/demo 3 --dry-run"],
    load: () => import("./rollback-release.ts"),
  }),
  entry({
    name: "prune",
    summary: "delete what no reader needs any more",
    settings: [...stateSettings, "dry-run"],
    examples: ["dtuf prune fred/demo", "dtuf prune fred/demo --dry-run"],
    load: () => import("./prune.ts"),
  }),
];
