/** A status as Prometheus scrapes it: the text exposition format, version 0.0.4. Pure. */
import type { MasterStatus, OpenProposal, RoleStatus } from "@dtuf/master";

export interface Measured {
  readonly place: string;
  readonly status: MasterStatus;
  /** What the command ends with. */
  readonly exitStatus: number;
  readonly now: Date;
}

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [labels: Labels, value: number])[];
}

/** Every metric is a gauge and has the label `place`. */
export function metricsText({ place, status, exitStatus, now }: Measured): string {
  const families = [...roleFamilies(status.roles), ...repositoryFamilies(status, { exitStatus, now })];
  return families
    .flatMap(({ name, help, samples }) => {
      const lines = samples.map(([labels, value]) => `${name}${labelsText({ place, ...labels })} ${value}`);
      return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines];
    })
    .map((line) => `${line}\n`)
    .join("");
}

function roleFamilies(roles: readonly RoleStatus[]): readonly Family[] {
  const family = (name: string, help: string, value: (role: RoleStatus) => number | undefined): Family => ({
    name: `dtuf_role_${name}`,
    help,
    samples: roles.flatMap((role) => {
      const measured = value(role);
      return measured === undefined ? [] : [[{ role: role.role }, measured] as const];
    }),
  });
  return [
    family("version", "Version of the role's document.", ({ version }) => version),
    family("expires_seconds", "When the role's document expires, in Unix time.", ({ expires }) => seconds(expires)),
    family("due", "1 if the role is due to be signed again, or has expired.", ({ state }) =>
      state === "good" ? 0 : 1,
    ),
    family("keys", "Number of keys that may sign the role.", ({ keys }) => keys.length),
    family("threshold", "Number of keys that must sign the role.", ({ threshold }) => threshold),
    family("signatures", "Number of keys whose signatures are valid.", ({ signed }) => signed?.length),
  ];
}

const registryStates: readonly MasterStatus["registry"][] = [
  "same",
  "newer",
  "other-chain",
  "refused",
  "absent",
  "unchecked",
];

function repositoryFamilies(
  { published, record, registry, staged, proposals }: MasterStatus,
  { exitStatus, now }: Pick<Measured, "exitStatus" | "now">,
): readonly Family[] {
  const count = (state: OpenProposal["state"]): number => proposals.filter((each) => each.state === state).length;
  const { targets, roles, roots, keys } = staged;
  return [
    one(
      "served_until_seconds",
      "Until when clients accept the published release, in Unix time.",
      published === undefined ? undefined : seconds(published.servedUntil),
    ),
    one(
      "record_until_seconds",
      "Until when the record of the last push is good, in Unix time.",
      record === undefined ? undefined : seconds(record.until),
    ),
    {
      name: "dtuf_registry_state",
      help: "1 for what the registry shows, compared with what was published from here, 0 for the others.",
      samples: registryStates.map((state) => [{ state }, state === registry ? 1 : 0]),
    },
    one(
      "staged_changes",
      "Number of changes that are staged and not published.",
      targets.length + roles.length + roots.length + keys.length,
    ),
    {
      name: "dtuf_proposals",
      help: "Number of proposals that wait for signatures (open) or to be accepted (ready).",
      samples: (["open", "ready"] as const).map((state) => [{ state }, count(state)]),
    },
    one("status_exit", "The exit status of dtuf status.", exitStatus),
    one("status_time_seconds", "When this was measured, in Unix time.", seconds(now)),
  ];
}

function one(name: string, help: string, value: number | undefined): Family {
  return { name: `dtuf_${name}`, help, samples: value === undefined ? [] : [[{}, value]] };
}

function seconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}

function labelsText(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(",")}}`;
}

/** Prometheus knows three escapes. Other control characters are escaped for the terminal, as a backslash is. */
function escapeValue(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);
}
