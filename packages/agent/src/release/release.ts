/** A release as signed custom metadata of a target: docs/format.md, section 15. */
import semver from "semver";
import type { Json, JsonObject } from "@dtuf/tuf";
import { AgentError } from "../errors.ts";
import { encodePlatform, parsePlatform, type ReleasePlatform } from "./platform.ts";

/** What is signed of a release. */
export interface AgentRelease {
  readonly name: string;
  /** Semantic versioning 2.0.0. */
  readonly version: string;
  readonly channel: string;
  /** Undefined: it runs on every platform. */
  readonly platform: ReleasePlatform | undefined;
  /** Percentage of the machines that get it, 0 to 100. */
  readonly rollout: number;
  /** Is hashed with a machine's install id; so each release reaches other machines first. */
  readonly seed: string;
  /** Signed time of the publication. */
  readonly published: Date;
  /** Asks machines not to wait. It has an effect only if the offline keys of the top-level targets role signed it. */
  readonly critical: boolean;
  /** Only machines that have at least this version get the release. */
  readonly minimum: string | undefined;
  readonly notes: string | undefined;
  readonly supportUntil: Date | undefined;
  /** No machine installs a revoked release. */
  readonly revoked: boolean;
  /** With `revoked`: machines that have the release go back to this version. */
  readonly rollback: string | undefined;
}

/** The key of `custom` that holds a release. */
export const releaseKey = "release";

/** Maximum length of notes, in characters: every reader of the role downloads them. */
export const notesMaxLength: number = 8192;

const formatVersion = 1;
const word = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Undefined if the target is no release. Unknown fields are ignored. @throws AgentError AGENT_RELEASE_INVALID */
export function parseAgentRelease(custom: JsonObject | undefined): AgentRelease | undefined {
  const value = custom !== undefined && Object.hasOwn(custom, releaseKey) ? custom[releaseKey] : undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("release", "an object");
  const fields = new Map(Object.entries(value as JsonObject));
  if (fields.get("format") !== formatVersion) throw invalid("format", String(formatVersion));
  const version = parseReleaseVersion(text(fields, "version") ?? "");
  const [platform, rollback, minimum] = [text(fields, "platform"), text(fields, "rollback"), text(fields, "minimum")];
  return Object.freeze({
    name: parseReleaseWord(text(fields, "name") ?? "", "name"),
    version,
    channel: parseReleaseWord(text(fields, "channel") ?? "", "channel"),
    platform: platform === undefined ? undefined : parsePlatform(platform),
    rollout: parseRollout(fields.get("rollout") ?? 100),
    seed: text(fields, "seed") ?? "",
    published: parseInstant(text(fields, "published") ?? "", "published"),
    critical: flag(fields, "critical"),
    minimum: minimum === undefined ? undefined : parseReleaseVersion(minimum),
    notes: text(fields, "notes"),
    supportUntil: fields.has("supportUntil")
      ? parseInstant(text(fields, "supportUntil") ?? "", "supportUntil")
      : undefined,
    revoked: flag(fields, "revoked"),
    rollback: rollback === undefined ? undefined : parseReleaseVersion(rollback),
  });
}

/**
 * Delegations are by path: so a role makes releases of the names and versions alone whose folder was delegated to it.
 * @throws AgentError AGENT_RELEASE_INVALID
 */
export function verifyReleasePath(path: string, { name, version }: Pick<AgentRelease, "name" | "version">): void {
  const folder = `${name}/${version}`;
  if (path !== folder && !path.startsWith(`${folder}/`)) throw invalid("path", `${folder}, or in that folder`, path);
}

/** The `custom` of a target that is this release. @throws AgentError AGENT_RELEASE_INVALID */
export function encodeAgentRelease(release: AgentRelease): JsonObject {
  const { platform, published, supportUntil, ...same } = release;
  const fields: Record<string, Json | undefined> = {
    format: formatVersion,
    ...same,
    platform: platform === undefined ? undefined : encodePlatform(platform),
    published: encodeInstant(published),
    supportUntil: supportUntil === undefined ? undefined : encodeInstant(supportUntil),
    critical: release.critical || undefined,
    revoked: release.revoked || undefined,
  };
  const present = Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  const custom = { [releaseKey]: Object.fromEntries(present) };
  parseAgentRelease(custom);
  return custom;
}

/** The version in its canonical form. @throws AgentError AGENT_RELEASE_INVALID */
export function parseReleaseVersion(version: string): string {
  const parsed = semver.parse(version);
  // semver accepts a leading v and spaces; one version must not have two spellings.
  if (parsed === null || parsed.raw !== version || /^[v=\s]/.test(version))
    throw invalid("version", "semantic versioning such as 1.4.0", version);
  return version;
}

/** A name of a release or a channel. @throws AgentError AGENT_RELEASE_INVALID */
export function parseReleaseWord(name: string, field: "name" | "channel"): string {
  if (!word.test(name)) throw invalid(field, "up to 64 letters, digits, dots, dashes and underscores", name);
  return name;
}

function parseRollout(value: Json): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 100)
    throw invalid("rollout", "a whole number from 0 to 100", JSON.stringify(value));
  return value;
}

function parseInstant(value: string, field: string): Date {
  const date = new Date(value);
  if (!instant.test(value) || Number.isNaN(date.getTime()) || encodeInstant(date) !== value)
    throw invalid(field, "a time such as 2030-01-02T03:04:05Z", value);
  return date;
}

function encodeInstant(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function text(fields: ReadonlyMap<string, Json>, name: string): string | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.length > notesMaxLength)
    throw invalid(name, `a text of at most ${notesMaxLength} characters`);
  return value;
}

function flag(fields: ReadonlyMap<string, Json>, name: string): boolean {
  const value = fields.get(name) ?? false;
  if (typeof value !== "boolean") throw invalid(name, "true or false");
  return value;
}

function invalid(field: string, wanted: string, got?: string): AgentError {
  const shown = got === undefined ? "" : `, got ${JSON.stringify(got.slice(0, 100))}`;
  return new AgentError("AGENT_RELEASE_INVALID", `${field} of a release must be ${wanted}${shown}`, {
    details: { field, wanted, ...(got === undefined ? {} : { got: got.slice(0, 100) }) },
  });
}
