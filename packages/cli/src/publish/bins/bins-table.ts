/** Commands for hash bins. */
import type { Command } from "../../context/command.ts";
import { withoutSetting } from "../../context/settings/modes.ts";
import { entry, stateSettings } from "../../entry.ts";

export const binCommands: readonly Command[] = [
  entry({
    name: "create-bins",
    summary: "stage hash bins of a role, so that a new target rewrites one small file, however many there are",
    settings: [...stateSettings, "count", "from", "key", "threshold"],
    meanings: {
      from: "role whose targets move into bins, which propose --role then proposes (default targets)",
      key: "PEM file of a public key that signs the bins (default: the keys of the role, also after they are replaced)",
      threshold: "how many of the keys given must sign a bin (default 1)",
    },
    modes: [withoutSetting("key", ["threshold"])],
    examples: ["dtuf create-bins fred/demo --count 16384", "dtuf create-bins fred/demo --count 256 --from tools"],
    load: () => import("./create-bins.ts"),
  }),
  entry({
    name: "resize-bins",
    summary: "stage another number of hash bins",
    settings: [...stateSettings, "count", "role"],
    meanings: { role: "role that delegates to the bins (default targets)" },
    examples: ["dtuf resize-bins fred/demo --count 1024"],
    load: () => import("./resize-bins.ts"),
  }),
];
