/** What the entries of the command tables have in common. */
import type { Command, Program, Run } from "./context/command.ts";
import { withoutSetting, withSetting, type Mode } from "./context/settings/modes.ts";
import type { SettingName } from "./context/settings/settings.ts";

export const registrySettings: readonly SettingName[] = [
  "host",
  "insecure",
  "username",
  "password",
  "token",
  "authorization",
  "credentials-for",
  "auth-host",
  "header",
  "registry-config",
  "ca-file",
  "tlsverify",
  "skiptlsverify",
  "cert-file",
  "key-file",
  "cert-dir",
  "ip-family",
];
export const outputSettings: readonly SettingName[] = [
  "json",
  "quiet",
  "no-input",
  "log-file",
  "file-log-level",
  "console-log-level",
];
/** Of commands that read or change local state and open no connection: `host` only says whose state it is. */
export const localSettings: readonly SettingName[] = ["host", ...outputSettings, "repositories-root"];
/** Of commands that work on local state and on a registry. */
export const stateSettings: readonly SettingName[] = [...registrySettings, ...outputSettings, "repositories-root"];

export const onlineKeys: readonly SettingName[] = [
  "targets-key-password",
  "snapshot-key-password",
  "timestamp-key-password",
];
/** Private keys outside the state: of commands that sign. */
export const signerSettings: readonly SettingName[] = ["signer", "signers-file", "key-password"];
export const keyPasswords: readonly SettingName[] = ["root-key-password", ...onlineKeys, ...signerSettings];
const onlineLifetimes: readonly SettingName[] = ["targets-lifetime", "snapshot-lifetime", "timestamp-lifetime"];
export const lifetimes: readonly SettingName[] = ["root-lifetime", ...onlineLifetimes];

/** Of commands that sign what is staged and publish it. */
export const pushSettings: readonly SettingName[] = [
  "root-key-password",
  "root-lifetime",
  ...onlineKeys,
  ...signerSettings,
  ...onlineLifetimes,
  "base",
  "replace-repository",
  "expect-snapshot",
  "trust-clock",
  "concurrency",
  "record-out",
  "record-lifetime",
  "dry-run",
];
export const pushModes: readonly Mode[] = [
  withoutSetting("record-out", ["record-lifetime"]),
  withSetting("dry-run", ["record-out"]),
];

export interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Default `<repo>`. */
  readonly arguments?: string;
  readonly settings?: readonly SettingName[];
  readonly meanings?: Readonly<Partial<Record<SettingName, string>>>;
  /** Beside those that every command has. */
  readonly modes?: readonly Mode[];
  readonly programs?: readonly Program[];
  readonly examples: readonly [string, ...string[]];
  readonly load: () => Promise<{ readonly run: Run }>;
}

export type SettingGroup = "own" | "registry" | "output";

/** Under which heading the help and the reference list a setting of a command. */
export function groupOf(name: SettingName): SettingGroup {
  if (registrySettings.includes(name)) return "registry";
  return outputSettings.includes(name) || name === "repositories-root" ? "output" : "own";
}

/** Variables of these are for all commands of an environment, so they are refused as flags alone. */
export const ambientSettings: ReadonlySet<SettingName> = new Set([...stateSettings, "concurrency", "record-lifetime"]);

export function entry({ load, modes = [], ...given }: Entry): Command {
  return {
    // With a list of names it says how they are read, and JSON is as good.
    modes: given.settings?.includes("names-from") === true ? modes : [withSetting("json", ["null"]), ...modes],
    arguments: "<repo>",
    settings: stateSettings,
    programs: ["dtuf"],
    ...given,
    load: async () => (await load()).run,
  };
}

/** How a target lies in the registry, and what is signed beside it. */
export const companionSettings = ["part-size", "chunk", "no-index", "patch-from", "no-patch", "compress"] as const;

export const companionModes: readonly Mode[] = [
  withSetting("no-index", ["chunk", "patch-from", "no-patch", "compress"]),
  withSetting("no-patch", ["patch-from"]),
];
