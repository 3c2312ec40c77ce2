/** The commands that carry repositories from place to place. */
import type { Command } from "../context/command.ts";
import { entry, outputSettings, registrySettings } from "../entry.ts";
import { isPlainUrl } from "../context/grammar/grammar.ts";
import { withoutSetting, withSetting, type Mode } from "../context/settings/modes.ts";
import type { SettingName } from "../context/settings/settings.ts";

const sides: readonly SettingName[] = (["src", "dest"] as const).flatMap((side) => [
  `${side}-creds` as const,
  `${side}-username` as const,
  `${side}-password` as const,
  `${side}-no-creds` as const,
  `${side}-registry-token` as const,
  `${side}-authfile` as const,
  `${side}-cert-dir` as const,
  `${side}-tls-verify` as const,
]);

const selection: readonly SettingName[] = [
  "src",
  "dest",
  "source-yaml",
  "scoped",
  "append-suffix",
  "map",
  "all",
  "platform",
  "include",
  "exclude",
  "newest",
  "referrers",
  "require-referrers",
  "remove-signatures",
];

const manner: readonly SettingName[] = [
  "dry-run",
  "verify",
  "delete",
  "keep-going",
  "retry-times",
  "retry-delay",
  "images",
  "concurrency",
  "progress",
  "digestfile",
  "report",
  "preserve-digests",
  "format",
  "sign-by",
  "policy",
];

const plainSource: readonly SettingName[] = ["target-base-url", "absent-root-status"];
const ofTuf: readonly SettingName[] = [
  "replace",
  "valid-days",
  ...plainSource,
  "mirror",
  "require-state",
  "repositories-root",
];
const tuf: readonly SettingName[] = ["tuf", ...ofTuf];

const carried: readonly SettingName[] = [
  ...tuf,
  "concurrency",
  "progress",
  "authfile",
  ...sides,
  ...registrySettings,
  ...outputSettings,
];

/** Of commands that verify a whole repository from `--root`. */
const whole: readonly SettingName[] = ["root", ...carried.filter((name) => name !== "tuf")];

const fromElsewhere: Mode = {
  name: "unless SOURCE is a URL",
  when: (_values, [source = ""]) => !isPlainUrl(source),
  refuses: plainSource,
};

/** The images that SOURCE names, or with `tuf` one TUF repository: two different jobs. */
const syncModes: readonly Mode[] = [
  withSetting("tuf", [
    ...selection,
    "delete",
    "keep-going",
    "retry-times",
    "retry-delay",
    "images",
    "digestfile",
    "report",
    "verify",
  ]),
  withSetting("dry-run", ["verify", "require-state"]),
  withoutSetting("tuf", [...ofTuf, "layout"]),
  withSetting("source-yaml", ["src"]),
  withSetting("remove-signatures", ["require-referrers"]),
  fromElsewhere,
  withSetting("all", ["platform"]),
];

export const mirrorCommands: readonly Command[] = [
  entry({
    name: "sync",
    summary: "copy images between registries, directories, layouts and archives, as skopeo sync does",
    arguments: "<place...>",
    settings: [...selection, ...manner, ...tuf, "layout", "authfile", ...sides, ...registrySettings, ...outputSettings],
    modes: syncModes,
    examples: [
      "dtuf sync docker://registry.example.com/fred/demo oci-archive:demo.tar",
      "dtuf sync --src docker --dest docker registry.example.com/fred backup.example.com --newest 5",
    ],
    load: () => import("./sync.ts"),
  }),
  entry({
    name: "export",
    summary:
      "verify a TUF repository from --tuf, else from the root that this machine pinned, and write it, with its targets, as one archive; say how long it is valid",
    arguments: "<repo> <file>",
    settings: carried,
    modes: [fromElsewhere],
    examples: ["dtuf export fred/demo demo.tar --tuf root.json"],
    load: () => import("./tuf/export.ts"),
  }),
  entry({
    name: "import",
    summary:
      "verify an exported archive from --tuf, else from the root that this machine pinned, without a network, and publish it to a repository",
    arguments: "<file> <repo>",
    settings: carried,
    modes: [fromElsewhere],
    examples: ["dtuf import demo.tar fred/demo --tuf root.json"],
    load: () => import("./tuf/import.ts"),
  }),
  entry({
    name: "export-repository",
    summary: "verify a TUF repository and write it as plain files, metadata and targets, for other TUF clients",
    arguments: "<repo> <directory>",
    settings: whole,
    modes: [fromElsewhere],
    examples: ["dtuf export-repository fred/demo site --root root.json"],
    load: () => import("./tuf/export-repository.ts"),
  }),
  entry({
    name: "import-repository",
    summary: "take over a plain TUF repository, with every root, so that its clients follow; then publish from here",
    settings: [...whole, "metadata-url"],
    examples: ["dtuf import-repository fred/demo --metadata-url https://tuf.example.com/metadata/ --root root.json"],
    load: () => import("./tuf/import-repository.ts"),
  }),
  entry({
    name: "verify-repository",
    summary: "verify what a client that is installed now would get, and for how long: every role, and targets whole",
    settings: [...whole.filter((name) => name !== "replace" && name !== "concurrency"), "sample", "all"],
    modes: [fromElsewhere, withSetting("all", ["sample"])],
    examples: [
      "dtuf verify-repository fred/demo --root root.json",
      "dtuf verify-repository fred/demo --root root.json --all",
    ],
    load: () => import("./tuf/verify-repository.ts"),
  }),
];
