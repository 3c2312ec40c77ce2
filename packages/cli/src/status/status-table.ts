/** Commands that show the state of a repository. */
import type { Command } from "../context/command.ts";
import { entry, stateSettings } from "../entry.ts";
import { withSetting } from "../context/settings/modes.ts";

export const statusCommands: readonly Command[] = [
  entry({
    name: "status",
    summary:
      "what clients get and until when, what is staged and due, and who signed which role; exit 10 when something is due; with --root, as a client sees it",
    settings: [...stateSettings, "root", "within", "offline", "trust-clock", "html", "calendar", "serve", "prometheus"],
    meanings: { root: "show what a client sees that trusts this root.json, and no publisher's state" },
    modes: [
      withSetting("prometheus", ["json"]),
      withSetting("html", ["prometheus"]),
      withSetting("calendar", ["prometheus"]),
      withSetting("serve", ["json", "html", "calendar", "prometheus"]),
      withSetting("root", ["offline", "prometheus", "trust-clock"]),
    ],
    examples: [
      "dtuf status fred/demo",
      "dtuf status fred/demo --within '3 days' --prometheus",
      "dtuf status fred/demo --html status.html --calendar expiries.ics",
      "dtuf status fred/demo --root root.json --serve 8080",
    ],
    load: () => import("./status.ts"),
  }),
  entry({
    name: "tree",
    summary: "the delegations as a tree in the order of trust, with what shadows what",
    settings: [...stateSettings, "root"],
    meanings: { root: "as a client sees it that trusts this root.json, without this machine's state" },
    examples: ["dtuf tree fred/demo", "dtuf tree fred/demo --root root.json --json"],
    load: () => import("./tree.ts"),
  }),
];
