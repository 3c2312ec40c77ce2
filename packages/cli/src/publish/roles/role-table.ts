/** Commands for roles that others sign. */
import type { Command } from "../../context/command.ts";
import { entry, localSettings, signerSettings, stateSettings } from "../../entry.ts";

export const roleCommands: readonly Command[] = [
  entry({
    name: "delegate-role",
    summary:
      "stage the trust in a role that others sign, or a change of it; without the role's signed file it starts empty",
    arguments: "<repo> <role> [metadata.json|-]",
    settings: [
      ...stateSettings,
      "path",
      "path-hash-prefix",
      "key",
      "owner",
      "threshold",
      "terminating",
      "concurrency",
      ...signerSettings,
      "targets-lifetime",
      "role",
    ],
    examples: [
      "dtuf delegate-role fred/demo tools --path 'tools/*' --key tools.pub",
      "dtuf delegate-role fred/demo tools tools.json --path 'tools/*' --key tools.pub",
    ],
    load: () => import("./delegate-role.ts"),
  }),
  entry({
    name: "update-role",
    summary: "stage a new version of a delegated role, signed by its keys",
    arguments: "<repo> <role> <metadata.json|->",
    settings: [...stateSettings, "concurrency"],
    examples: ["dtuf update-role fred/demo tools tools.json"],
    load: () => import("./update-role.ts"),
  }),
  entry({
    name: "revoke-role",
    summary: "stage the end of the trust in a role",
    arguments: "<repo> <role>",
    settings: localSettings,
    examples: ["dtuf revoke-role fred/demo tools"],
    load: () => import("./revoke-role.ts"),
  }),
];
