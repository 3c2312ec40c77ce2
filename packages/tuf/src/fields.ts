/** Reads fields of untrusted JSON. Only own properties count; any other type throws TUF_MALFORMED with the place and the field. */
import { TufError } from "./errors.ts";
import type { Json, JsonObject } from "./json.ts";
import { isJsonList, isJsonObject } from "./json.ts";

export function malformed(where: string, problem: string): TufError {
  return new TufError("TUF_MALFORMED", `malformed ${where}: ${problem}`, { details: { where } });
}

export function fieldOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function asObject(json: Json | undefined, where: string): JsonObject {
  if (!isJsonObject(json)) throw malformed(where, "not an object");
  return json;
}

export function objectAt(object: JsonObject, name: string, where: string): JsonObject {
  const value = fieldOf(object, name);
  if (!isJsonObject(value)) throw malformed(where, `${name} is not an object`);
  return value;
}

export function listAt(object: JsonObject, name: string, where: string): readonly Json[] {
  const value = fieldOf(object, name);
  if (value === undefined || !isJsonList(value)) throw malformed(where, `${name} is not a list`);
  return value;
}

export function stringAt(object: JsonObject, name: string, where: string): string {
  const value = fieldOf(object, name);
  if (typeof value !== "string") throw malformed(where, `${name} is not a string`);
  return value;
}

export function stringsAt(object: JsonObject, name: string, where: string): readonly string[] {
  return listAt(object, name, where).map((item) => {
    if (typeof item !== "string") throw malformed(where, `${name} is not a list of strings`);
    return item;
  });
}

export function booleanAt(object: JsonObject, name: string, where: string): boolean {
  const value = fieldOf(object, name);
  if (typeof value !== "boolean") throw malformed(where, `${name} is not true or false`);
  return value;
}

/** 0 to 2^53 - 1. */
export function countAt(object: JsonObject, name: string, where: string): number {
  const value = fieldOf(object, name);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(where, `${name} is not an integer of 0 or more`);
  }
  return value;
}

/** 1 to 2^53 - 1. */
export function positiveAt(object: JsonObject, name: string, where: string): number {
  const value = countAt(object, name, where);
  if (value === 0) throw malformed(where, `${name} is not an integer of 1 or more`);
  return value;
}

const nothing: JsonObject = Object.freeze({});

/** Returns the fields that are not in `known`. */
export function unrecognizedOf(object: JsonObject, known: ReadonlySet<string>): JsonObject {
  let others: [string, Json][] | undefined;
  for (const key of Object.keys(object)) {
    if (!known.has(key)) (others ??= []).push([key, object[key] ?? null]);
  }
  return others === undefined ? nothing : Object.fromEntries(others);
}

/** Makes an object from a map of foreign keys; `__proto__` becomes an ordinary key. */
export function objectFrom<V>(map: ReadonlyMap<string, V>, encode: (value: V) => Json): JsonObject {
  return Object.fromEntries(Array.from(map, ([key, value]) => [key, encode(value)]));
}
