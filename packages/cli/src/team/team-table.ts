/** Commands for metadata that several people sign. */
import type { Command } from "../context/command.ts";
import { withSetting } from "../context/settings/modes.ts";
import type { SettingName } from "../context/settings/settings.ts";
import { entry, outputSettings, signerSettings, stateSettings } from "../entry.ts";

const keys: readonly SettingName[] = ["root-key-password", "targets-key-password", ...signerSettings];

export const teamCommands: readonly Command[] = [
  entry({
    name: "diff",
    summary:
      "what is staged against what is published: targets with sizes, roles, keys by owner, thresholds; with --role, in a delegated role's own document",
    settings: [...stateSettings, "role"],
    examples: ["dtuf diff fred/demo", "dtuf diff fred/demo --role tools --json"],
    load: () => import("./diff.ts"),
  }),
  entry({
    name: "propose",
    summary:
      "sign what is staged with the keys that are here, and push it as a proposal for others to sign; with --role, what a delegate staged in its role; if nothing is staged, what is due to be signed again",
    arguments: "<repo> [name]",
    settings: [
      ...stateSettings,
      "root-key-password",
      "targets-key-password",
      ...signerSettings,
      "root-lifetime",
      "targets-lifetime",
      "role",
      "expect-snapshot",
      "trust-clock",
    ],
    examples: ["dtuf propose fred/demo release-2"],
    load: () => import("./propose.ts"),
  }),
  entry({
    name: "review",
    summary: "verify a proposal against what is published, and say what it changes and whose signatures are missing",
    arguments: "<repo> [name]",
    settings: [...stateSettings, "expect-hash", "trust-clock"],
    examples: ["dtuf review fred/demo release-2"],
    load: () => import("./review.ts"),
  }),
  entry({
    name: "sign",
    summary: "show what a proposal changes, ask, and add the signatures of the keys that are here",
    arguments: "<repo> [name]",
    settings: [...stateSettings, ...keys, "proposal", "expect-hash", "trust-clock", "export", "import", "yes"],
    modes: [withSetting("export", ["import", "yes"]), withSetting("import", ["proposal", "yes"])],
    examples: [
      "dtuf sign fred/demo release-2",
      "dtuf sign fred/demo --proposal release-2 --export release-2.sign",
      "dtuf sign fred/demo --import release-2.sign",
    ],
    load: () => import("./sign.ts"),
  }),
  entry({
    name: "sign-file",
    summary:
      "on a machine that is never online: show what a file of sign --export changes, ask, and write the signatures of the keys that are here into it",
    arguments: "<file>",
    settings: [...outputSettings, ...signerSettings, "expect-hash", "yes"],
    examples: ["dtuf sign-file release-2.sign --signer file2:alice"],
    load: () => import("./sign-file.ts"),
  }),
  entry({
    name: "accept",
    summary: "publish a proposal that all needed people signed; otherwise say whose signature is missing",
    arguments: "<repo> [name]",
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
      "dry-run",
    ],
    examples: ["dtuf accept fred/demo release-2"],
    load: () => import("./accept.ts"),
  }),
];
