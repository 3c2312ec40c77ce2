/** The fields of dtuf in a target's custom metadata. */
import type { JsonObject } from "@dtuf/tuf";

export function ownFields(custom: JsonObject | undefined): JsonObject | undefined {
  return objectField(custom, "dtuf");
}

/** Returns `custom` with these fields; other fields, also those of dtuf, are kept. */
export function withOwn(custom: JsonObject | undefined, fields: JsonObject): JsonObject {
  return { ...custom, dtuf: { ...ownFields(custom), ...fields } };
}

export function objectField(json: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = json !== undefined && Object.hasOwn(json, name) ? json[name] : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
