/** docs/commands.md, made from the tables, so that it cannot differ from them. */
import { isOptional } from "./context/settings/setting-kinds.ts";
import type { Command } from "./context/command.ts";
import { listExitStatuses } from "./context/exit-status.ts";
import { settings, variableOf, type Setting, type SettingName } from "./context/settings/settings.ts";
import { listStatusMeanings } from "./help/statuses.ts";
import { groupOf, type SettingGroup } from "./entry.ts";
import { commands } from "./table.ts";

/** What a command printed when it was run for this page. */
export interface ShownRun {
  readonly command: string;
  /** As it is typed, without the program. */
  readonly line: string;
  readonly output: string;
}

export interface ReferenceInput {
  readonly runs: readonly ShownRun[];
  /** Of which docs/schema has the form of the JSON document. */
  readonly schemas: ReadonlySet<string>;
}

export function createReference(input: ReferenceInput): string {
  return `${[...introduction, ...commandSections(input), ...settingTable(), ...statusTable()].join("\n")}\n`;
}

const introduction: readonly string[] = [
  "# Commands, variables, exit statuses",
  "",
  "Made from the program's own tables; `pnpm reference` writes it.",
  "",
  "`<repo>` is `fred/demo` (on the registry of `DTUF_HOST`), `host[:port]/fred/demo`, or `oci:DIR`, one OCI layout, whose local state has the last name of DIR (so it stays when a stick is mounted elsewhere; another repository of that name needs another `--repositories-root`). stdout is data, stderr is talk; `-` is",
  "stdin or stdout; `--json` prints one JSON document, whose form is linked from the command (members may be added). A flag wins over its variable. A boolean variable is on when it is `1`, off when it is empty or `0`;",
  "any other value is a usage error. A duration has its unit (`45s`, `12h`, `2 weeks`, `1h30m`). A wrong value of any setting ends the command before it does",
  "anything, with status 2, and the error names the flag or the variable. `HTTPS_PROXY`, `HTTP_PROXY` (else `ALL_PROXY`) and `NO_PROXY` are read, lower case",
  "first; a proxy is `http://` or `https://`, SOCKS is not spoken. Secrets have variables and no flags. `dxf` is the same program with dxf's commands alone, and `DXF_` instead of `DTUF_`.",
  "",
  "## Commands",
  "",
];

function commandSections({ runs, schemas }: ReferenceInput): readonly string[] {
  return commands.flatMap((command) => [
    `### ${`${command.name} ${command.arguments}`.trim()}`,
    "",
    `${sentence(command.summary)}${command.programs.includes("dxf") ? " Also a command of `dxf`." : ""}`,
    "",
    ...settingLines(command),
    ...refusals(command),
    ...examples(command),
    ...runs.filter((run) => run.command === command.name).flatMap(runLines),
    ...(schemas.has(command.name) ? [`With \`--json\`: [the form](schema/${command.name}.json).`, ""] : []),
  ]);
}

/** A command's own settings; the shared ones by their group, which has one table for all. */
function settingLines({ settings: all, meanings }: Command): readonly string[] {
  const own = all.filter((name) => groupOf(name) === "own").map((name) => `\`${name}\``);
  const some = all.filter((name) => groupOf(name) === "registry");
  const shared =
    some.length === 0 ? [] : some.length === 1 ? [`\`${some[0] ?? ""}\``] : ["[registry settings](#registry-settings)"];
  const output = ["[output settings](#output-settings)"];
  const meant = Object.entries(meanings ?? {}).map(([name, meaning]) => ` \`${name}\` here: ${meaning}.`);
  return [`Settings: ${[...own, ...shared, ...output].join(", ")}.${meant.join("")}`, ""];
}

function refusals({ modes, settings: own }: Command): readonly string[] {
  const lines = modes.flatMap(({ name, refuses }) => {
    const refused = refuses.filter((each) => own.includes(each));
    return refused.length === 0 ? [] : [`${refused.map((each) => `\`${each}\``).join(", ")} ${name}`];
  });
  return lines.length === 0 ? [] : [`Usage errors: ${lines.join("; ")}.`, ""];
}

function examples({ examples: lines }: Command): readonly string[] {
  return [...lines.map((line) => `    ${line}`), ""];
}

/** Longer outputs are cut: the page shows their form. */
const linesMost = 12;

function runLines({ line, output }: ShownRun): readonly string[] {
  const lines = output.replace(/\n$/, "").split("\n");
  const shown = lines.length > linesMost ? [...lines.slice(0, linesMost), "…"] : lines;
  return ["```console", `$ dtuf ${line}`, ...(output === "" ? [] : shown), "```", ""];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function settingTable(): readonly string[] {
  const names = Object.keys(settings) as SettingName[];
  const tableOf = (group: SettingGroup): readonly string[] => rows(names.filter((name) => groupOf(name) === group));
  return [
    ...["## Settings", "", ...tableOf("own")],
    ...["### Registry settings", "", "Who one is to a registry, and how it is reached.", "", ...tableOf("registry")],
    ...["### Output settings", "", "What is printed, and where state and logs lie.", "", ...tableOf("output")],
  ];
}

function rows(names: readonly SettingName[]): readonly string[] {
  return [
    "| setting | flag | variable | default |",
    "|---|---|---|---|",
    ...names.map((name) => {
      const setting: Setting = settings[name];
      const value = setting.choices?.join("\\|") ?? setting.value ?? "value";
      const flag =
        setting.kind === "secret"
          ? "none: a secret"
          : `\`--${name}${setting.kind === "switch" ? "" : isOptional(setting.kind) ? ` [${value}]` : ` <${value}>`}\``;
      return `| ${setting.summary} | ${flag} | \`${variableOf(name, "DTUF")}\` | ${setting.fallback ?? ""} |`;
    }),
    "",
  ];
}

function statusTable(): readonly string[] {
  const codes = listExitStatuses();
  return [
    "## Exit statuses",
    "",
    "| status | meaning | error codes |",
    "|---|---|---|",
    ...listStatusMeanings().map(
      ([status, meaning]) =>
        `| ${status} | ${meaning} | ${(codes.get(status) ?? []).map((code) => `\`${code}\``).join(" ")} |`,
    ),
  ];
}
