/** Every command, by what it is for. A command's module is loaded when it is called, so that `--version` stays quick. */
import type { Command } from "./context/command.ts";
import { commonCommands } from "./common-table.ts";
import { dxfCommands } from "./blobs/dxf-table.ts";
import {
  entry,
  keyPasswords,
  lifetimes,
  localSettings,
  onlineKeys,
  outputSettings,
  pushModes,
  pushSettings,
  registrySettings,
  signerSettings,
  stateSettings,
} from "./entry.ts";
import { keyCommands } from "./keys/keys-table.ts";
import { releaseCommands } from "./publish/history/release-table.ts";
import { roleCommands } from "./publish/role-table.ts";
import type { SettingName } from "./context/settings.ts";
import { withoutSetting, withSetting, type Mode } from "./context/modes.ts";
import { mirrorCommands } from "./sync/mirror-table.ts";

const sourceSettings: readonly SettingName[] = [
  ...stateSettings,
  "metadata-url",
  "target-base-url",
  "absent-root-status",
  "mirror",
  "offline",
  "cache-if-valid",
  "require-state",
];

/** Of commands that look at what was pulled before: where it came from, and under which name it is kept. */
const keptSettings: readonly SettingName[] = [...outputSettings, "repositories-root", "host", "metadata-url"];

/** From a registry, from a plain repository, or from what was pulled before. */
const sourceModes: readonly Mode[] = [
  withSetting("metadata-url", ["auth-host"]),
  withoutSetting("metadata-url", ["target-base-url", "absent-root-status"]),
  withSetting("offline", ["cache-if-valid"]),
];

/** Only custom metadata is changed. */
const withoutFiles: Mode = {
  name: "without a file",
  when: (_values, args) => args.length < 3,
  refuses: ["concurrency", "parts", "progress"],
};

const masterCommands: readonly Command[] = [
  entry({
    name: "create-root-key",
    summary: "make the root key",
    settings: [...localSettings, "root-key-password", "key-type"],
    example: "dtuf create-root-key fred/demo",
    load: () => import("./publish/create-root-key.ts"),
  }),
  entry({
    name: "create-metadata-keys",
    summary: "make the targets, snapshot and timestamp keys",
    settings: [...localSettings, ...onlineKeys, "key-type"],
    load: () => import("./publish/create-metadata-keys.ts"),
  }),
  entry({
    name: "create-metadata",
    summary: "sign the first metadata",
    settings: [...stateSettings, ...keyPasswords, ...lifetimes, "offline", "replace-repository", "require-family"],
    load: () => import("./publish/create-metadata.ts"),
  }),
  entry({
    name: "reset-keys",
    summary: "sign a new root naming the keys that lie there now; renews an expired root",
    settings: [...localSettings, ...keyPasswords, ...lifetimes, "require-family", "old-root-key-password", "replace"],
    load: () => import("./publish/reset-keys.ts"),
  }),
  entry({
    name: "push-target",
    summary: "upload a target's files and stage it for the next publication",
    arguments: "<repo> <target> [file|@target...]",
    settings: [...stateSettings, "concurrency", "parts", "progress", "custom"],
    modes: [withoutFiles],
    example: "dtuf push-target fred/demo app-1.4.tgz ./app-1.4.tgz",
    load: () => import("./publish/push-target.ts"),
  }),
  entry({
    name: "push-targets",
    summary: "upload files and whole directories as targets, many at a time, and stage them together",
    arguments: "<repo> <directory|file...>",
    settings: [...stateSettings, "concurrency", "prefix", "newer", "delete", "dry-run", "custom", "progress"],
    example: "dtuf push-targets fred/demo ./dist --prefix 1.4 --newer",
    load: () => import("./publish/push-targets.ts"),
  }),
  entry({
    name: "del-target",
    summary: "stage the removal of targets",
    arguments: "<repo> <target...>",
    settings: localSettings,
    load: () => import("./publish/del-target.ts"),
  }),
  entry({
    name: "push-metadata",
    summary: "sign what is staged and publish it by one switch",
    settings: [...stateSettings, ...pushSettings],
    modes: pushModes,
    load: () => import("./publish/push-metadata.ts"),
  }),
  entry({
    name: "refresh-metadata",
    summary:
      "sign the timestamp again, and a due snapshot over what this machine pushed or a record names; exit 10 when another role or the record is due",
    settings: [
      ...stateSettings,
      ...(["snapshot-key-password", "timestamp-key-password"] as const),
      ...signerSettings,
      "snapshot-lifetime",
      "timestamp-lifetime",
      "within",
      "snapshot",
      "expect-snapshot",
      "record",
      "trust-clock",
    ],
    load: () => import("./publish/refresh-metadata.ts"),
  }),
  entry({
    name: "get-root",
    summary: "write the newest root.json, which is what to ship with installers; with --all every root, in one file",
    settings: [...localSettings, "output", "all"],
    example: "dtuf get-root fred/demo > root.json",
    load: () => import("./publish/get-root.ts"),
  }),
  entry({
    name: "adopt-metadata",
    summary: "take what is published as this machine's base, from a root that was handed over, best the whole chain",
    arguments: "<repo> [root.json|chain.json|-]",
    settings: [...stateSettings, "expect-snapshot", "record", "move"],
    modes: [withSetting("move", ["record"])],
    load: () => import("./publish/adopt-metadata.ts"),
  }),
  entry({
    name: "unstage-target",
    summary: "drop what is staged: for the targets named, or all of it",
    arguments: "<repo> [target...]",
    settings: localSettings,
    load: () => import("./publish/unstage-target.ts"),
  }),
  entry({
    name: "list-master-targets",
    summary: "names in the signed metadata",
    settings: [...localSettings, "null", "prefix", "custom"],
    load: () => import("./publish/list-master-targets.ts"),
  }),
  entry({
    name: "get-master-expirations",
    summary: "when each role expires",
    settings: localSettings,
    load: () => import("./publish/get-master-expirations.ts"),
  }),
  entry({
    name: "status",
    summary: "what is staged, published and due; exit 10 when something is due",
    settings: [...stateSettings, "within", "offline"],
    load: () => import("./publish/status.ts"),
  }),
  ...keyCommands,
  ...roleCommands,
  ...releaseCommands,
];

/** A file holds the target alone. */
const toFiles: Mode = {
  name: "with --output FILE",
  when: (values) => !["", "-"].includes(values.text("output") ?? ""),
  refuses: ["blob-info"],
};

const toStdout: Mode = {
  name: "without --output FILE",
  when: (values) => ["", "-"].includes(values.text("output") ?? ""),
  refuses: ["json", "tree", "concurrency"],
};

const pullTargetModes: readonly Mode[] = [
  toFiles,
  toStdout,
  withSetting("all", ["match", "names-from"]),
  withoutSetting("names-from", ["null"]),
];

const copyCommands: readonly Command[] = [
  entry({
    name: "pin",
    summary: "make a root the anchor of trust, without a request",
    arguments: "<repo> <root.json|chain.json|->",
    settings: [...outputSettings, "repositories-root", "replace"],
    example: "dtuf pin fred/demo root.json",
    load: () => import("./pull/pin.ts"),
  }),
  entry({
    name: "pull-metadata",
    summary: "refresh; print the targets that changed since they were last pulled",
    arguments: "<repo> [root.json|chain.json|root-key.pub|-...]",
    settings: [...sourceSettings, "replace", "null", "progress"],
    modes: sourceModes,
    example: "dtuf pull-metadata fred/demo root.json",
    load: () => import("./pull/pull-metadata.ts"),
  }),
  entry({
    name: "pull-target",
    summary: "write targets, verified, to stdout or to files",
    arguments: "<repo> [target...]",
    settings: [
      ...sourceSettings,
      ...(["all", "match", "names-from", "null", "output", "tree", "concurrency", "blob-info", "progress"] as const),
    ],
    modes: [...sourceModes, ...pullTargetModes],
    example: "dtuf pull-target fred/demo app-1.4.tgz --output .",
    load: () => import("./pull/pull-target.ts"),
  }),
  entry({
    name: "blob-sizes",
    summary: "the size of every blob of targets",
    arguments: "<repo> <target...>",
    settings: sourceSettings,
    modes: sourceModes,
    load: () => import("./pull/blob-sizes.ts"),
  }),
  entry({
    name: "check-target",
    summary: "compare files with a target's blobs",
    arguments: "<repo> <target> <file...>",
    settings: sourceSettings,
    modes: sourceModes,
    load: () => import("./pull/check-target.ts"),
  }),
  entry({
    name: "list-copy-targets",
    summary: "names in the metadata that was pulled",
    settings: [...keptSettings, "null", "role", "prefix", "custom"],
    load: () => import("./pull/list-copy-targets.ts"),
  }),
  entry({
    name: "get-copy-expirations",
    summary: "when each role expires",
    settings: keptSettings,
    load: () => import("./pull/get-copy-expirations.ts"),
  }),
  entry({
    name: "inspect",
    summary: "why this machine did or did not update: last success and failure, what is pinned and cached; no request",
    settings: keptSettings,
    load: () => import("./pull/inspect.ts"),
  }),
  entry({
    name: "explain",
    summary: "the delegations that lead to a target",
    arguments: "<repo> <target>",
    settings: sourceSettings,
    modes: sourceModes,
    load: () => import("./pull/explain.ts"),
  }),
];

const registryCommands: readonly Command[] = [
  entry({
    name: "list-repos",
    summary: "repositories of the registry",
    arguments: "",
    settings: [...registrySettings, ...outputSettings, "null"],
    load: () => import("./blobs/list-repos.ts"),
    programs: ["dtuf", "dxf"],
  }),
  entry({
    name: "auth",
    summary: "print a token for actions (pull, push, *)",
    arguments: "<repo> <action...>",
    settings: [...registrySettings, ...outputSettings],
    load: () => import("./blobs/auth.ts"),
    programs: ["dtuf", "dxf"],
  }),
];

/** The groups in which the help lists the commands. */
export const commandGroups: ReadonlyMap<string, readonly Command[]> = new Map([
  ["Every day", commonCommands],
  ["Publish", masterCommands],
  ["Pull", copyCommands],
  ["Mirror", mirrorCommands],
  ["Registry: blobs and aliases, as in dxf", [...registryCommands, ...dxfCommands]],
]);

export const commands: readonly Command[] = [...commandGroups.values()].flat();
