import { TufError } from "./errors.ts";
import { malformed, positiveAt, stringAt, unrecognizedOf } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { TopLevelRole } from "./names.ts";

/** What every role's `signed` part has. */
export interface SignedFields {
  /** 1 to 2^53 - 1. */
  readonly version: number;
  /** `1.x` or `1.x.y`. */
  readonly specVersion: string;
  /** Whole seconds. The document is expired from this instant on. */
  readonly expires: Date;
  /** Fields that TUF does not name, kept as they came. */
  readonly unrecognized: JsonObject;
}

/** The TUF specification that these rules follow. */
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
    expires: parseInstant(stringAt(signed, "expires", type), type),
    unrecognized: unrecognizedOf(signed, known),
  };
}

export function encodeSignedFields(fields: SignedFields, type: TopLevelRole): JsonObject {
  return {
    ...fields.unrecognized,
    _type: type,
    spec_version: fields.specVersion,
    version: fields.version,
    expires: fields.expires.toISOString().replace(/\.\d{3}Z$/, "Z"),
  };
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

/** Whole seconds in UTC, as the spec writes them; a date that is in no calendar does not come back as it went in. */
function parseInstant(text: string, type: TopLevelRole): Date {
  const instant = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? text : Number.NaN);
  if (Number.isNaN(instant.getTime()) || instant.toISOString() !== text.replace("Z", ".000Z")) {
    throw malformed(type, `expires is ${JSON.stringify(text.slice(0, 40))}; wanted YYYY-MM-DDTHH:MM:SSZ`);
  }
  return instant;
}
