/** Three verbs for the common day, above those for each step. */
import type { Command } from "./context/command.ts";
import { withSetting, type Mode } from "./context/settings/modes.ts";
import { entry, keyPasswords, lifetimes, pushModes, pushSettings, stateSettings } from "./entry.ts";

const toStdout: Mode = {
  name: "with --output -",
  when: (values) => values.text("output") === "-",
  refuses: ["tree", "concurrency", "json"],
};

export const commonCommands: readonly Command[] = [
  entry({
    name: "init",
    summary: "make a repository: keys, first publication, and the root.json to ship",
    settings: [...stateSettings, ...keyPasswords, ...lifetimes, "key-type", "require-family", "output"],
    modes: [{ name: "with --output -", when: (values) => values.text("output") === "-", refuses: ["json"] }],
    examples: [
      "dtuf init fred/demo",
      "dtuf init registry.example.com/fred/demo --timestamp-lifetime 1w --output demo-root.json",
    ],
    load: () => import("./publish/create/init.ts"),
  }),
  entry({
    name: "publish",
    summary:
      "upload files and publish them as targets, in one step; nothing if they are published as they are and nothing is due",
    arguments: "<repo> <file...>",
    settings: [...stateSettings, ...pushSettings, "name", "progress"],
    modes: pushModes,
    examples: ["dtuf publish fred/demo app-1.4.tgz", "dtuf publish fred/demo ./build/app.tgz --name app/1.4.tgz"],
    load: () => import("./publish/publish.ts"),
  }),
  entry({
    name: "pull",
    summary: "pin if need be, refresh, and write all targets or some into a directory, or one into a file, verified",
    arguments: "<repo> [target...]",
    settings: [
      ...stateSettings,
      "root",
      "output",
      "tree",
      "concurrency",
      "mirror",
      "offline",
      "cache-if-valid",
      "require-state",
      "progress",
    ],
    modes: [withSetting("offline", ["cache-if-valid"]), toStdout],
    examples: ["dtuf pull fred/demo --root root.json --output .", "dtuf pull fred/demo app-1.4.tgz --output ./app.tgz"],
    load: () => import("./pull/pull.ts"),
  }),
];
