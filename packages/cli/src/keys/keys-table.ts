/** Commands for keys and thresholds. */
import type { Command } from "../context/command.ts";
import { withSetting } from "../context/settings/modes.ts";
import { entry, localSettings, outputSettings, signerSettings, stateSettings } from "../entry.ts";

export const keyCommands: readonly Command[] = [
  entry({
    name: "create-key",
    summary:
      "make a key pair anywhere, FILE and FILE.pub, or import another tool's private key; remember it for signing",
    arguments: "<file>",
    settings: [...outputSettings, "key-type", "from", "key-password", "signers-file"],
    modes: [withSetting("from", ["key-type"])],
    examples: ["dtuf create-key keys/alice"],
    load: () => import("./create-key.ts"),
  }),
  entry({
    name: "add-key",
    summary:
      "stage a further key of a role, from a public key in PEM or from a signer's URI, which is remembered for signing",
    arguments: "<repo> <role> <key.pub|uri>",
    settings: [...localSettings, "owner", "key-password", "signers-file"],
    examples: ["dtuf add-key fred/demo root alice.pub --owner alice"],
    load: () => import("./add-key.ts"),
  }),
  entry({
    name: "remove-key",
    summary: "stage the removal of a role's key, named by its id, 8 or more digits of it, or its owner",
    arguments: "<repo> <role> <keyid|owner>",
    settings: localSettings,
    examples: ["dtuf remove-key fred/demo root alice"],
    load: () => import("./remove-key.ts"),
  }),
  entry({
    name: "set-threshold",
    summary: "stage how many keys of a role must sign",
    arguments: "<repo> <role> <count>",
    settings: localSettings,
    examples: ["dtuf set-threshold fred/demo root 2"],
    load: () => import("./set-threshold.ts"),
  }),
  entry({
    name: "set-periods",
    summary:
      "stage how many days a role is valid, and how many before the end it is due (half of them): they stand in the metadata and count on every machine",
    arguments: "<repo> <role> <days> [days-before-end]",
    settings: stateSettings,
    examples: ["dtuf set-periods fred/demo timestamp 7 3", "dtuf set-periods fred/demo root 365 60"],
    load: () => import("./set-periods.ts"),
  }),
  entry({
    name: "list-keys",
    summary: "the keys of each role, their owners, the thresholds, where the private keys are, and what is staged",
    settings: [...localSettings, ...signerSettings],
    examples: ["dtuf list-keys fred/demo"],
    load: () => import("./list-keys.ts"),
  }),
];
