/** The commands of dxf: blobs and aliases. `dtuf` has them too. */
import type { Command } from "../context/command.ts";
import { entry, outputSettings, registrySettings, type Entry } from "../entry.ts";
import { withSetting } from "../context/settings/modes.ts";
import type { SettingName } from "../context/settings/settings.ts";

const plain: readonly SettingName[] = [...registrySettings, ...outputSettings];
const platform: readonly SettingName[] = [...plain, "platform"];

/** The registry is asked as exactly who is to be stored. */
const ownCredential = plain.filter((name) => !["token", "authorization", "credentials-for"].includes(name));

const blobEntry = (given: Entry): Command => entry({ settings: plain, programs: ["dtuf", "dxf"], ...given });

export const dxfCommands: readonly Command[] = [
  blobEntry({
    name: "push-blob",
    summary: "upload a file; print its digest",
    arguments: "<repo> <file> [@alias]",
    settings: [...plain, "progress"],
    examples: ["dtuf push-blob fred/demo logo.png @logo"],
    load: () => import("./push-blob.ts"),
  }),
  blobEntry({
    name: "pull-blob",
    summary: "write blobs, verified, to stdout; with no digest, those of a manifest on stdin",
    arguments: "<repo> [digest|@alias...]",
    settings: [...platform, "blob-info", "progress"],
    examples: ["dtuf pull-blob fred/demo @logo > logo.png"],
    load: () => import("./pull-blob.ts"),
  }),
  blobEntry({
    name: "blob-size",
    summary: "sizes of blobs; of an alias, the sum",
    arguments: "<repo> [digest|@alias...]",
    settings: platform,
    examples: ["dtuf blob-size fred/demo @logo"],
    load: () => import("./blob-size.ts"),
  }),
  blobEntry({
    name: "mount-blob",
    summary: "make a blob of another repository present without sending it",
    arguments: "<repo> <from-repo> <digest> [@alias]",
    examples: [
      "dtuf mount-blob fred/other fred/demo sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    ],
    load: () => import("./mount-blob.ts"),
  }),
  blobEntry({
    name: "del-blob",
    summary: "delete blobs; for @alias, the alias and its blobs; none that a target signed by this machine is made of",
    arguments: "<repo> [digest|@alias...]",
    settings: [...plain, "repositories-root", "dry-run"],
    examples: ["dtuf del-blob fred/demo @logo"],
    load: () => import("./del-blob.ts"),
  }),
  blobEntry({
    name: "set-alias",
    summary: "name a list of blobs; print the manifest",
    arguments: "<repo> <alias> <digest|./file...>",
    examples: ["dtuf set-alias fred/demo both ./logo.png ./banner.png"],
    load: () => import("./aliases/set-alias.ts"),
  }),
  blobEntry({
    name: "get-alias",
    summary: "the blobs of aliases",
    arguments: "<repo> [alias...]",
    settings: platform,
    examples: ["dtuf get-alias fred/demo logo"],
    load: () => import("./aliases/get-alias.ts"),
  }),
  blobEntry({
    name: "del-alias",
    summary: "delete the manifest of aliases; print the blobs they had",
    arguments: "<repo> <alias...>",
    settings: [...plain, "dry-run"],
    examples: ["dtuf del-alias fred/demo logo"],
    load: () => import("./aliases/del-alias.ts"),
  }),
  blobEntry({
    name: "get-digest",
    summary: "the config digest of aliases: docker inspect's Id",
    arguments: "<repo> [alias...]",
    settings: platform,
    examples: ["dtuf get-digest fred/demo app"],
    load: () => import("./aliases/get-digest.ts"),
  }),
  blobEntry({
    name: "get-manifest",
    summary: "the manifest of aliases",
    arguments: "<repo> <alias...>",
    settings: platform,
    examples: ["dtuf get-manifest fred/demo logo"],
    load: () => import("./aliases/get-manifest.ts"),
  }),
  blobEntry({
    name: "resolve",
    summary: "the manifest digest of aliases",
    arguments: "<repo> <alias...>",
    examples: ["dtuf resolve fred/demo logo"],
    load: () => import("./aliases/resolve.ts"),
  }),
  blobEntry({
    name: "list-aliases",
    summary: "every alias of a repository",
    settings: [...plain, "null"],
    examples: ["dtuf list-aliases fred/demo"],
    load: () => import("./aliases/list-aliases.ts"),
  }),
  blobEntry({
    name: "login",
    summary: "check a password and store it: in the configured helper, in the keychain, or (saying so) in plain text",
    arguments: "[host]",
    settings: [...ownCredential, "password-stdin", "identity-token-stdin", "keychain", "plain-text"],
    modes: [
      withSetting("identity-token-stdin", ["password-stdin", "username"]),
      withSetting("keychain", ["plain-text"]),
    ],
    examples: [
      "dtuf login registry.example.com",
      "dtuf login registry.example.com --username fred --password-stdin < password",
    ],
    load: () => import("./login/login.ts"),
  }),
  blobEntry({
    name: "logout",
    summary: "erase what login stored",
    arguments: "[host]",
    settings: [...outputSettings, "host", "registry-config", "keychain"],
    examples: ["dtuf logout registry.example.com"],
    load: () => import("./login/logout.ts"),
  }),
];
