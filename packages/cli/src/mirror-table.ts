/** The commands that carry repositories from place to place. */
import type { Command } from "./command.ts";
import { entry, outputSettings, registrySettings } from "./entry.ts";
import type { SettingName } from "./settings.ts";

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
  "remove-signatures",
];

const manner: readonly SettingName[] = [
  "dry-run",
  "delete",
  "keep-going",
  "retry-times",
  "retry-delay",
  "images",
  "concurrency",
  "digestfile",
  "report",
  "preserve-digests",
  "format",
  "sign-by",
  "policy",
];

export const mirrorCommands: readonly Command[] = [
  entry({
    name: "sync",
    summary: "copy images between registries, directories, layouts and archives, as skopeo sync does",
    arguments: "<place...>",
    settings: [...selection, ...manner, "authfile", ...sides, ...registrySettings, ...outputSettings],
    example: "dtuf sync docker://registry.example.com/fred/demo oci-archive:demo.tar",
    load: () => import("./commands/sync.ts"),
  }),
];
