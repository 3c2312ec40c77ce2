/** The agent as a command: for a timer, a service, or a program in any language. */
import type { Command } from "../context/command.ts";
import { withSetting, type Mode } from "../context/settings/modes.ts";
import { entry, outputSettings, registrySettings } from "../entry.ts";
import { siteModes, siteSettings } from "../pull/pull-table.ts";

const isStatus: Mode = {
  name: "with status",
  when: (_values, [action]) => action === "status",
  refuses: ["once", "jsonl", "progress", ...siteSettings, ...registrySettings],
};
const isRun: Mode = { name: "with run", when: (_values, [action]) => action !== "status", refuses: ["json"] };

export const agentCommands: readonly Command[] = [
  entry({
    name: "agent",
    summary:
      "keep a program up to date, as a file of settings says, until it is told to end; status: what is installed",
    arguments: "<run|status> <config.json|->",
    settings: ["once", "jsonl", "progress", ...siteSettings, ...registrySettings, ...outputSettings],
    modes: [isStatus, isRun, withSetting("jsonl", ["progress"]), ...siteModes],
    examples: ["dtuf agent run agent.json --once", "dtuf agent run agent.json --jsonl", "dtuf agent status agent.json"],
    load: () => import("./agent.ts"),
  }),
];
