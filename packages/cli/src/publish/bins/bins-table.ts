/** Commands for hash bins. */
import type { Command } from "../../context/command.ts";
import { withoutSetting } from "../../context/modes.ts";
import { entry, localSettings } from "../../entry.ts";

export const binCommands: readonly Command[] = [
  entry({
    name: "create-bins",
    summary: "stage hash bins of targets, so that a new target rewrites one small role, however many there are",
    settings: [...localSettings, "count", "key", "threshold"],
    meanings: {
      key: "PEM file of a public key that signs the bins (default: the keys of targets, also after they are replaced)",
      threshold: "how many of the keys given must sign a bin (default 1)",
    },
    modes: [withoutSetting("key", ["threshold"])],
    examples: ["dtuf create-bins fred/demo --count 16384"],
    load: () => import("./create-bins.ts"),
  }),
  entry({
    name: "resize-bins",
    summary: "stage another number of hash bins",
    settings: [...localSettings, "count"],
    examples: ["dtuf resize-bins fred/demo --count 1024"],
    load: () => import("./resize-bins.ts"),
  }),
];
