/** Commands of the client. */
import type { Command } from "../context/command.ts";
import { entry, outputSettings, stateSettings } from "../entry.ts";
import { withoutSetting, withSetting, type Mode } from "../context/settings/modes.ts";
import type { SettingName } from "../context/settings/settings.ts";

/** Where to pull from, beside the registry that is named. */
export const siteSettings: readonly SettingName[] = ["metadata-url", "target-base-url", "absent-root-status", "mirror"];

const sourceSettings: readonly SettingName[] = [
  ...stateSettings,
  ...siteSettings,
  "offline",
  "cache-if-valid",
  "require-state",
];

/** Of commands that look at what was pulled before: where it came from, and under which name it is kept. */
const keptSettings: readonly SettingName[] = [...outputSettings, "repositories-root", "host", "metadata-url"];

/** From a registry, or from a plain repository. */
export const siteModes: readonly Mode[] = [
  withSetting("metadata-url", ["auth-host"]),
  withoutSetting("metadata-url", ["target-base-url", "absent-root-status"]),
];

/** The same, or from what was pulled before. */
const sourceModes: readonly Mode[] = [...siteModes, withSetting("offline", ["cache-if-valid"])];

/** A file holds the target alone. */
const toFiles: Mode = {
  name: "with --output FILE",
  when: (values) => !["", "-"].includes(values.text("output") ?? ""),
  refuses: ["blob-info"],
};

const toStdout: Mode = {
  name: "without --output FILE",
  when: (values) => ["", "-"].includes(values.text("output") ?? ""),
  refuses: ["json", "tree", "concurrency", "seed", "explain"],
};

const pullTargetModes: readonly Mode[] = [
  toFiles,
  toStdout,
  withSetting("all", ["match", "names-from"]),
  withSetting("explain", ["concurrency", "progress"]),
  withoutSetting("names-from", ["null"]),
];

export const copyCommands: readonly Command[] = [
  entry({
    name: "pin",
    summary: "make a root the anchor of trust, without a request",
    arguments: "<repo> <root.json|chain.json|->",
    settings: [...outputSettings, "repositories-root", "replace"],
    examples: ["dtuf pin fred/demo root.json"],
    load: () => import("./trust/pin.ts"),
  }),
  entry({
    name: "pull-metadata",
    summary: "refresh; print the targets that changed since they were last pulled",
    arguments: "<repo> [root.json|chain.json|root-key.pub|-...]",
    settings: [...sourceSettings, "replace", "null", "progress"],
    modes: sourceModes,
    examples: ["dtuf pull-metadata fred/demo", "dtuf pull-metadata fred/demo root.json"],
    load: () => import("./trust/pull-metadata.ts"),
  }),
  entry({
    name: "pull-target",
    summary: "write targets, verified, to stdout or to files",
    arguments: "<repo> [target...]",
    settings: [
      ...sourceSettings,
      ...(["all", "match", "names-from", "null", "output", "tree", "seed", "explain"] as const),
      ...(["concurrency", "blob-info", "progress"] as const),
    ],
    modes: [...sourceModes, ...pullTargetModes],
    examples: [
      "dtuf pull-target fred/demo app-1.4.tgz --output .",
      "dtuf pull-target fred/demo --match '1.4/*' --output ./files",
      "dtuf pull-target fred/demo app-1.4.img --output . --seed app-1.3.img --explain",
    ],
    load: () => import("./pull-target.ts"),
  }),
  entry({
    name: "blob-sizes",
    summary: "the size of every blob of targets",
    arguments: "<repo> <target...>",
    settings: sourceSettings,
    modes: sourceModes,
    examples: ["dtuf blob-sizes fred/demo app-1.4.tgz"],
    load: () => import("./blob-sizes.ts"),
  }),
  entry({
    name: "check-target",
    summary: "compare files with a target's blobs",
    arguments: "<repo> <target> <file...>",
    settings: sourceSettings,
    modes: sourceModes,
    examples: ["dtuf check-target fred/demo app-1.4.tgz ./app-1.4.tgz"],
    load: () => import("./check-target.ts"),
  }),
  entry({
    name: "list-copy-targets",
    summary: "names in the metadata that was pulled",
    settings: [...keptSettings, "null", "role", "prefix", "custom"],
    examples: ["dtuf list-copy-targets fred/demo", "dtuf list-copy-targets fred/demo --custom channel=stable"],
    load: () => import("./list-copy-targets.ts"),
  }),
  entry({
    name: "get-copy-expirations",
    summary: "when each role expires",
    settings: keptSettings,
    examples: ["dtuf get-copy-expirations fred/demo"],
    load: () => import("./get-copy-expirations.ts"),
  }),
  entry({
    name: "inspect",
    summary: "why this machine did or did not update: last success and failure, what is pinned and cached; no request",
    settings: keptSettings,
    examples: ["dtuf inspect fred/demo"],
    load: () => import("./inspect.ts"),
  }),
  entry({
    name: "explain",
    summary: "the delegations that lead to a target",
    arguments: "<repo> <target>",
    settings: sourceSettings,
    modes: sourceModes,
    examples: ["dtuf explain fred/demo app-1.4.tgz"],
    load: () => import("./explain.ts"),
  }),
];
