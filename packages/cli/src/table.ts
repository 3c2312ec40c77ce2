/** Every command, by what it is for. A command's module is loaded when it is called, so that `--version` stays quick. */
import { agentCommands } from "./agent/agent-table.ts";
import type { Command, CommandGroups } from "./context/command.ts";
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
  companionModes,
  companionSettings,
} from "./entry.ts";
import { keyCommands } from "./keys/keys-table.ts";
import { releaseCommands } from "./publish/history/release-table.ts";
import { copyCommands } from "./pull/pull-table.ts";
import { binCommands } from "./publish/bins/bins-table.ts";
import { roleCommands } from "./publish/roles/role-table.ts";
import { withSetting, type Mode } from "./context/settings/modes.ts";
import { helpCommands } from "./help/help-table.ts";
import { appReleaseCommands } from "./releases/app-release-table.ts";
import { mirrorCommands } from "./sync/mirror-table.ts";
import { statusCommands } from "./status/status-table.ts";
import { teamCommands } from "./team/team-table.ts";

/** Only custom metadata is changed. */
const withoutFiles: Mode = {
  name: "without a file",
  when: (_values, args) => args.length < 3,
  refuses: ["concurrency", "parts", ...companionSettings, "progress", "role"],
};

const masterCommands: readonly Command[] = [
  entry({
    name: "create-root-key",
    summary: "make the root key",
    settings: [...localSettings, "root-key-password", "key-type"],
    examples: ["dtuf create-root-key fred/demo"],
    load: () => import("./publish/create/create-root-key.ts"),
  }),
  entry({
    name: "create-metadata-keys",
    summary: "make the targets, snapshot and timestamp keys, or those that are named",
    arguments: "<repo> [role...]",
    settings: [...localSettings, ...onlineKeys, "key-type"],
    examples: ["dtuf create-metadata-keys fred/demo", "dtuf create-metadata-keys fred/demo snapshot timestamp"],
    load: () => import("./publish/create/create-metadata-keys.ts"),
  }),
  entry({
    name: "create-metadata",
    summary: "sign the first metadata",
    settings: [...stateSettings, ...keyPasswords, ...lifetimes, "offline", "replace-repository", "require-family"],
    examples: ["dtuf create-metadata fred/demo", "dtuf create-metadata fred/demo --root-lifetime '2 years'"],
    load: () => import("./publish/create/create-metadata.ts"),
  }),
  entry({
    name: "reset-keys",
    summary: "sign a new root naming the keys that lie there now; renews an expired root",
    settings: [...localSettings, ...keyPasswords, ...lifetimes, "require-family", "old-root-key-password", "replace"],
    meanings: { replace: "sign although the keys that the last root names are missing: every client must pin again" },
    examples: ["dtuf reset-keys fred/demo"],
    load: () => import("./publish/create/reset-keys.ts"),
  }),
  entry({
    name: "push-target",
    summary: "upload a target's files and stage it for the next publication",
    arguments: "<repo> <target> [file|@target...]",
    settings: [...stateSettings, "concurrency", "parts", ...companionSettings, "progress", "custom", "role"],
    modes: [withoutFiles, ...companionModes],
    examples: [
      "dtuf push-target fred/demo app-1.4.tgz ./app-1.4.tgz",
      "dtuf push-target fred/demo app-1.4.tgz ./app-1.4.tgz --custom channel=stable",
      "dtuf push-target fred/demo disk.img ./disk.img --chunk 16k --part-size 500m",
      "dtuf push-target fred/demo app ./app --patch-from published --compress",
    ],
    load: () => import("./publish/targets/push-target.ts"),
  }),
  entry({
    name: "push-targets",
    summary: "upload files and whole directories as targets, many at a time, and stage them together",
    arguments: "<repo> <directory|file...>",
    settings: [
      ...stateSettings,
      "concurrency",
      "prefix",
      "newer",
      "delete",
      "dry-run",
      ...companionSettings,
      "custom",
      "progress",
    ],
    modes: companionModes,
    examples: ["dtuf push-targets fred/demo ./dist --prefix 1.4 --newer"],
    load: () => import("./publish/targets/push-targets.ts"),
  }),
  entry({
    name: "del-target",
    summary: "stage the removal of targets",
    arguments: "<repo> <target...>",
    settings: [...stateSettings, "role"],
    examples: ["dtuf del-target fred/demo app-1.3.tgz"],
    load: () => import("./publish/targets/del-target.ts"),
  }),
  entry({
    name: "push-metadata",
    summary: "sign what is staged and publish it by one switch",
    settings: [...stateSettings, ...pushSettings],
    modes: pushModes,
    examples: ["dtuf push-metadata fred/demo --dry-run", "dtuf push-metadata fred/demo --record-out push.record"],
    load: () => import("./publish/metadata/push-metadata.ts"),
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
      "dry-run",
    ],
    examples: ["dtuf refresh-metadata fred/demo", "dtuf refresh-metadata fred/demo --record push.record"],
    load: () => import("./publish/metadata/refresh-metadata.ts"),
  }),
  entry({
    name: "get-root",
    summary: "write the newest root.json, which is what to ship with installers; with --all every root, in one file",
    settings: [...localSettings, "output", "all"],
    examples: ["dtuf get-root fred/demo > root.json", "dtuf get-root fred/demo --all --output chain.json"],
    load: () => import("./publish/metadata/get-root.ts"),
  }),
  entry({
    name: "adopt-metadata",
    summary: "take what is published as this machine's base, from a root that was handed over, best the whole chain",
    arguments: "<repo> [root.json|chain.json|-]",
    settings: [...stateSettings, "expect-snapshot", "record", "move"],
    modes: [withSetting("move", ["record"])],
    examples: ["dtuf adopt-metadata fred/demo root.json"],
    load: () => import("./publish/metadata/adopt-metadata.ts"),
  }),
  entry({
    name: "unstage-target",
    summary: "drop what is staged: for the targets named, or all of it",
    arguments: "<repo> [target...]",
    settings: localSettings,
    examples: ["dtuf unstage-target fred/demo", "dtuf unstage-target fred/demo app-1.4.tgz"],
    load: () => import("./publish/targets/unstage-target.ts"),
  }),
  entry({
    name: "list-master-targets",
    summary: "names in the signed metadata",
    settings: [...localSettings, "null", "prefix", "custom"],
    examples: ["dtuf list-master-targets fred/demo", "dtuf list-master-targets fred/demo --prefix 1.4 --json"],
    load: () => import("./publish/targets/list-master-targets.ts"),
  }),
  entry({
    name: "get-master-expirations",
    summary: "when each role expires",
    settings: localSettings,
    examples: ["dtuf get-master-expirations fred/demo"],
    load: () => import("./publish/metadata/get-master-expirations.ts"),
  }),
  ...statusCommands,
  ...keyCommands,
  ...roleCommands,
  ...binCommands,
  ...releaseCommands,
  ...appReleaseCommands,
  ...teamCommands,
];

const registryCommands: readonly Command[] = [
  entry({
    name: "list-repos",
    summary: "repositories of the registry",
    arguments: "",
    settings: [...registrySettings, ...outputSettings, "null"],
    examples: ["dtuf list-repos"],
    load: () => import("./blobs/list-repos.ts"),
    programs: ["dtuf", "dxf"],
  }),
  entry({
    name: "auth",
    summary: "print a token for actions (pull, push, *)",
    arguments: "<repo> <action...>",
    settings: [...registrySettings, ...outputSettings],
    examples: ["dtuf auth fred/demo pull"],
    load: () => import("./blobs/login/auth.ts"),
    programs: ["dtuf", "dxf"],
  }),
];

/** The groups in which the help lists the commands. */
export const commandGroups: CommandGroups = new Map([
  ["Every day", commonCommands],
  ["Publish", masterCommands],
  ["Pull", [...copyCommands, ...agentCommands]],
  ["Mirror", mirrorCommands],
  ["Registry: blobs and aliases, as in dxf", [...registryCommands, ...dxfCommands]],
  ["Help", helpCommands],
]);

export const commands: readonly Command[] = [...commandGroups.values()].flat();
