/** What a setting can be, and those that come in pairs. */
import { encodeDuration } from "../grammar/duration.ts";
import { grammars, type Grammar } from "../grammar/grammar.ts";

type Plain = "text" | "switch" | "list" | "secret" | "duration" | "count" | "choice";
type Kind = Plain | "optional-duration" | "optional-count";

export interface Setting {
  /** "optional-duration", "optional-count": a switch that may be given a duration or a number. */
  readonly kind: Kind;
  readonly summary: string;
  /** One letter, where another program's users know it. */
  readonly short?: string;
  /** The name of the value in the help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  /** Where the value comes from when neither flag nor variable is given; for the help only. */
  readonly fallback?: string;
  /** What a text, a secret or each element of a list must look like. */
  readonly grammar?: Grammar;
  /** What must be there before the command runs: the file, the directory, or the directory that the file is written to. */
  readonly needs?: "file" | "directory" | "parent";
  /** Of a count, or of a duration in milliseconds. */
  readonly bounds?: Bounds;
}

/** Of a setting that is a switch, and may have a value. */
export function isOptional(kind: Setting["kind"]): boolean {
  return kind === "optional-duration" || kind === "optional-count";
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export const text = (summary: string, value: string, fallback?: string): Setting => ({
  kind: "text",
  summary,
  value,
  ...(fallback === undefined ? {} : { fallback }),
});
export const toggle = (summary: string): Setting => ({ kind: "switch", summary });
export const list = (summary: string, value: string): Setting => ({ kind: "list", summary, value });
export const secret = (summary: string): Setting => ({ kind: "secret", summary });
export const count = (summary: string, fallback?: string): Setting => ({
  kind: "count",
  summary,
  value: "count",
  bounds: { least: 1, most: 9999 },
  ...(fallback === undefined ? {} : { fallback }),
});
export const like = (grammar: Grammar, setting: Setting): Setting => ({ ...setting, grammar });
export const needs = (what: Setting["needs"] & string, setting: Setting): Setting => ({ ...setting, needs: what });
export const [minuteMs, hourMs, dayMs]: readonly [number, number, number] = [60_000, 3_600_000, 86_400_000];
/** The least is above what a mistaken unit gives (`3m` for three months); the most is what a stolen key may be worth. */
export const lifetime = (what: string, fallback: string, bounds: Bounds): Setting => ({
  kind: "duration",
  summary: `how long ${what} is valid, ${encodeDuration(bounds.least)} or more`,
  value: "duration",
  fallback,
  bounds,
});
export const level = (summary: string): Setting => ({
  kind: "choice",
  summary,
  choices: ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
  fallback: "WARNING",
});

/** The two sides of `sync` have skopeo's options, each its own. Secrets among them have flags, because skopeo's have. */
const sideSettings = <const Side extends "src" | "dest">(side: Side, what: string) =>
  ({
    [`${side}-creds`]: like(
      grammars.credentials,
      text(`credentials for the ${what}; every process can read them in argv`, "user[:password]"),
    ),
    [`${side}-username`]: like(grammars.line, text(`user name for the ${what}`, "name")),
    [`${side}-password`]: like(
      grammars.secretLine,
      text(`password for the ${what}; every process can read it in argv`, "password"),
    ),
    [`${side}-no-creds`]: toggle(`no credentials for the ${what}`),
    [`${side}-registry-token`]: like(
      grammars.secretLine,
      text(`bearer token for the ${what}; every process can read it in argv`, "token"),
    ),
    [`${side}-authfile`]: needs("file", text(`auth.json for the ${what}`, "file", "authfile")),
    [`${side}-cert-dir`]: needs("directory", text(`certificates of the ${what}: *.crt, *.cert, *.key`, "directory")),
    [`${side}-tls-verify`]: {
      kind: "choice",
      summary: `verify the certificate of the ${what}; false also allows plain HTTP`,
      choices: ["true", "false"],
      fallback: "true",
    },
  }) as Readonly<Record<`${Side}-${SideSetting}`, Setting>>;

export type SideSetting =
  | "creds"
  | "username"
  | "password"
  | "no-creds"
  | "registry-token"
  | "authfile"
  | "cert-dir"
  | "tls-verify";

/** Of releases that updaters install (docs/format.md, section 15). */
const releaseSettings = {
  channel: like(grammars.proposalName, text("channel of the release", "name", "stable")),
  rollout: like(grammars.percentage, text("how many of the machines get the release", "percent", "100%")),
  critical: toggle("machines do not wait for the rollout or their cooldown"),
  minimum: like(grammars.version, text("only machines that have at least this version get the release", "version")),
  notes: needs("file", text("text to show to users", "file")),
  "support-until": like(grammars.day, text("until when the release is supported", "YYYY-MM-DD")),
  force: toggle("make a rollout smaller: machines that have the release keep it"),
} as const;

/** Of an agent that keeps a program up to date (docs/agent.md). */
const agentSettings = {
  once: toggle("one round, then end"),
  jsonl: toggle("for a program: events on stdout and commands on stdin, one JSON object a line"),
} as const;

/** Of the status page. */
const pageSettings = {
  html: needs("parent", text("write the status page, one HTML file that fetches nothing and runs nothing", "file")),
  calendar: needs("parent", text("write what expires when, as an iCalendar file", "file")),
  serve: {
    kind: "optional-count",
    summary: "serve the status page to browsers of this machine alone, until interrupted",
    value: "port",
    fallback: "a free port",
    bounds: { least: 2, most: 65_535 },
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** How a target lies in the registry, and what is signed beside it, so that clients fetch less. */
const companionSettings = {
  "part-size": like(
    grammars.size,
    text("cut larger files into blobs of this size, for registries that take no larger ones", "size", "4g"),
  ),
  "no-index": toggle("sign no chunk index: clients verify a target only when all of it has arrived"),
  "patch-from": needs(
    "file",
    text(
      "sign a patch too, from what is published, from what a release has (its number or tag), or from an older file",
      "published|release|file",
      "published, if it has at most 16 MiB",
    ),
  ),
  "no-patch": toggle("sign no patch"),
  compress: toggle("sign a compressed copy too, for clients that have no older version"),
} as const;

/** Settings of commands that have a group of their own. */
export const groupedSettings = {
  ...sideSettings("src", "source"),
  ...sideSettings("dest", "destination"),
  ...releaseSettings,
  ...agentSettings,
  ...pageSettings,
  ...companionSettings,
} as const;
