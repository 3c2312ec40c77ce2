/** Commands for metadata that several people sign. */
import type { Command } from "../context/command.ts";
import { entry, signerSettings, stateSettings } from "../entry.ts";

export const teamCommands: readonly Command[] = [
  entry({
    name: "propose",
    summary:
      "sign what is staged with the keys that are here, and push it as a proposal for others to sign; with --role, what a delegate staged in its role",
    arguments: "<repo> [name]",
    settings: [
      ...stateSettings,
      "root-key-password",
      "targets-key-password",
      ...signerSettings,
      "root-lifetime",
      "targets-lifetime",
      "role",
    ],
    examples: ["dtuf propose fred/demo release-2"],
    load: () => import("./propose.ts"),
  }),
  entry({
    name: "review",
    summary: "verify a proposal against what is published, and say what it changes and whose signatures are missing",
    arguments: "<repo> <name>",
    settings: [...stateSettings, "expect-hash"],
    examples: ["dtuf review fred/demo release-2"],
    load: () => import("./review.ts"),
  }),
  entry({
    name: "sign",
    summary: "show what a proposal changes, ask, and add the signatures of the keys that are here",
    settings: [
      ...stateSettings,
      "root-key-password",
      "targets-key-password",
      ...signerSettings,
      "proposal",
      "expect-hash",
      "yes",
    ],
    examples: ["dtuf sign fred/demo --proposal release-2"],
    load: () => import("./sign.ts"),
  }),
  entry({
    name: "accept",
    summary: "publish a proposal that all needed people signed; otherwise say whose signature is missing",
    arguments: "<repo> <name>",
    settings: [
      ...stateSettings,
      "snapshot-key-password",
      "timestamp-key-password",
      ...signerSettings,
      "snapshot-lifetime",
      "timestamp-lifetime",
      "expect-hash",
      "trust-clock",
      "concurrency",
    ],
    examples: ["dtuf accept fred/demo release-2"],
    load: () => import("./accept.ts"),
  }),
];
