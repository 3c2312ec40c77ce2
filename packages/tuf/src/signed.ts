import { TufError } from "./errors.ts";
import { malformed, positiveAt, stringAt, unrecognizedOf } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { TopLevelRole } from "./names.ts";

/** The common fields of every role's `signed` part. */
export interface SignedFields {
  /** 1 to 2^53 - 1. */
  readonly version: number;
  /** `1.x` or `1.x.y`. */
  readonly specVersion: string;
  /** The document is expired from this instant on. Written in whole seconds, rounded down. */
  readonly expires: Date;
  /** Fields that TUF does not define, kept as received. */
  readonly unrecognized: JsonObject;
}

/** The version of the TUF specification that is implemented. */
export const specVersion = "1.0.34";

const common = ["_type", "spec_version", "version", "expires"];

/** The names of a role's fields: the common ones and its own. */
export function signedFieldNames(...own: readonly string[]): ReadonlySet<string> {
  return new Set([...common, ...own]);
}

/** @throws TufError TUF_TYPE_MISMATCH, TUF_SPEC_VERSION, TUF_MALFORMED */
export function parseSignedFields(signed: JsonObject, type: TopLevelRole, known: ReadonlySet<string>): SignedFields {
  const got = stringAt(signed, "_type", type);
  if (got !== type) {
    throw new TufError("TUF_TYPE_MISMATCH", `_type is ${JSON.stringify(got.slice(0, 80))}; wanted "${type}"`, {
      details: { got: got.slice(0, 80), wanted: type },
    });
  }
  return {
    specVersion: parseSpecVersion(stringAt(signed, "spec_version", type), type),
    version: positiveAt(signed, "version", type),
    expires: parseInstant(stringAt(signed, "expires", type), type, "expires"),
    unrecognized: unrecognizedOf(signed, known),
  };
}

/** The role's own fields and the common ones, in the order of canonical JSON, because it is made several times as fast then. */
export function encodeSignedFields(fields: SignedFields, type: TopLevelRole, own: JsonObject): JsonObject {
  const all: JsonObject = {
    ...fields.unrecognized,
    _type: type,
    spec_version: fields.specVersion,
    version: fields.version,
    expires: encodeInstant(fields.expires),
    ...own,
  };
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function parseSpecVersion(text: string, type: TopLevelRole): string {
  if (!/^1\.\d{1,9}(?:\.\d{1,9})?$/.test(text)) {
    throw new TufError(
      "TUF_SPEC_VERSION",
      `${type} is of spec version ${JSON.stringify(text.slice(0, 40))}; wanted 1.x.y`,
      {
        details: { role: type, got: text.slice(0, 40), wanted: "1.x.y" },
      },
    );
  }
  return text;
}

const instantForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Parses whole seconds in UTC, as in the spec, or RFC 3339 as other publishers write it: with a fraction, which is cut to
 * milliseconds, or an offset. An impossible date is found because it changes when it is written again.
 */
export function parseInstant(text: string, where: string, field: string): Date {
  const [, local = "", fraction = "", sign = "+", hours = "0", minutes = "0"] = instantForm.exec(text) ?? [];
  const seconds = new Date(`${local}Z`);
  const offsetMs = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const instant = new Date(seconds.getTime() - offsetMs + Number(fraction.slice(0, 3).padEnd(3, "0")));
  if (Number.isNaN(instant.getTime()) || seconds.toISOString() !== `${local}.000Z` || hasLongYear(instant)) {
    throw malformed(where, `${field} is ${JSON.stringify(text.slice(0, 40))}; wanted YYYY-MM-DDTHH:MM:SSZ`);
  }
  return instant;
}

/** With an offset, a date may lie outside the years that four digits can express. */
function hasLongYear(instant: Date): boolean {
  return /^[+-]/.test(instant.toISOString());
}

export function encodeInstant(instant: Date): string {
  return instant.toISOString().replace(/\.\d{3}Z$/, "Z");
}
