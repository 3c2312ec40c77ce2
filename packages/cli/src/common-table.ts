/** Three verbs for the common day, above those for each step. */
import type { Command } from "./context/command.ts";
import { withoutSetting, withSetting, type Mode } from "./context/modes.ts";
import type { SettingName } from "./context/settings.ts";
import { entry, stateSettings } from "./entry.ts";

const keyPasswords: readonly SettingName[] = [
  "root-key-password",
  "targets-key-password",
  "snapshot-key-password",
  "timestamp-key-password",
];
const lifetimes: readonly SettingName[] = [
  "root-lifetime",
  "targets-lifetime",
  "snapshot-lifetime",
  "timestamp-lifetime",
];
const [, ...onlinePasswords] = keyPasswords;
const [, ...onlineLifetimes] = lifetimes;

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
    example: "dtuf init fred/demo",
    load: () => import("./publish/init.ts"),
  }),
  entry({
    name: "publish",
    summary: "upload files and publish them as targets, in one step",
    arguments: "<repo> <file...>",
    settings: [
      ...stateSettings,
      ...onlinePasswords,
      ...onlineLifetimes,
      "name",
      "concurrency",
      "progress",
      "record-out",
      "record-lifetime",
    ],
    modes: [withoutSetting("record-out", ["record-lifetime"])],
    example: "dtuf publish fred/demo app-1.4.tgz",
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
    example: "dtuf pull fred/demo --root root.json --output .",
    load: () => import("./pull/pull.ts"),
  }),
];
