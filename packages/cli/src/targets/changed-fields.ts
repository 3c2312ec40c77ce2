/** The signed fields of a target that change, such as the revocation of a release, as a person reads them. */
import { createHash } from "node:crypto";
import type { FieldChange, StagedTarget } from "@dtuf/master";
import { encodeJson } from "../context/json.ts";

const valueMax = 200;
const nameMax = 200;

/** What is done to a target, and a line for each field that changes. */
export function changeLines({ change, path, fields }: StagedTarget): readonly string[] {
  return [`${change} ${path}`, ...fieldLines(fields).map((line) => `${path}: ${line}`)];
}

/** A line for each field: `custom.release.rollout 10 -> 50 (percent of the machines that get it)`. */
export function fieldLines(fields: readonly FieldChange[]): readonly string[] {
  return fields.map(({ field, before, after }) => {
    const meaning = after === undefined || !Object.hasOwn(meanings, field) ? "" : ` (${meanings[field]})`;
    return `${shorten(field, nameMax)} ${valueText(before)} -> ${valueText(after)}${meaning}`;
  });
}

/** What an updater does with a release; docs/format.md, section 15. */
const meanings: Readonly<Record<string, string>> = {
  "custom.release.critical": "true: machines do not wait for a rollout or a cooldown",
  "custom.release.minimum": "only machines that have at least this version get it",
  "custom.release.revoked": "true: no machine installs it",
  "custom.release.rollback": "machines that have it go back to this version",
  "custom.release.rollout": "percent of the machines that get it",
};

function valueText(value: FieldChange["after"]): string {
  return value === undefined ? "none" : shorten(encodeJson(value), valueMax);
}

/** The hash of all of it tells two long texts apart that begin in the same way. */
function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const sha256 = createHash("sha256").update(text).digest("hex");
  return `${text.slice(0, most).toWellFormed()}... (${text.length} characters, sha256 ${sha256})`;
}
