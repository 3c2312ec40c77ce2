/**
 * Strict JSON. Files that two parsers could read differently are refused before a signature is verified: invalid
 * UTF-8 (a BOM too), a repeated key in one object, numbers that are not safe integers or not written as such (1.0, 1e3,
 * -0), lone surrogates, trailing bytes, nesting beyond `jsonMaxDepth`. Time is linear in the file.
 *
 * Repeated keys, which `JSON.parse` hides, are found by comparing the number of colons outside strings with the number of keys in the result.
 */
import { findForeignEncoding } from "./encoding.ts";
import { TufError } from "./errors.ts";
import { jsonMaxDepth } from "./limits.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** @throws TufError TUF_MALFORMED, TUF_LIMIT_EXCEEDED (depth) */
export function parseJson(file: Uint8Array): Json {
  const text = decode(file);
  const colons = scan(text);
  const value = parseText(text);
  // Only an escape can write a lone surrogate into valid UTF-8.
  if (text.includes("\\")) verifyStrings(value);
  if (countKeys(value) !== colons) throw refused("a key appears twice in one object");
  return value;
}

export function isJsonList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

export function isJsonObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function refused(problem: string, cause?: unknown): TufError {
  return new TufError("TUF_MALFORMED", `not strict JSON: ${problem}`, { cause });
}

function decode(file: Uint8Array): string {
  const encoding = findForeignEncoding(file);
  if (encoding !== undefined) throw refused(`it is ${encoding}; wanted plain UTF-8`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file);
  } catch (cause) {
    throw refused("not valid UTF-8", cause);
  }
}

function parseText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw refused("syntax error", cause);
  }
}

/** Counts the colons outside strings, and refuses deep nesting, fractions and exponents. */
function scan(text: string): number {
  let colons = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === ":") colons += 1;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    else if (char === "." || char === "E" || (char === "e" && isDigit(text.charCodeAt(at - 1)))) {
      throw refused("a number with a fraction or an exponent");
    }
    if (depth > jsonMaxDepth) {
      throw new TufError("TUF_LIMIT_EXCEEDED", `JSON nested deeper than ${jsonMaxDepth} levels`);
    }
  }
  return colons;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The end of the string that starts at `start`: the next quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Counts the keys of all objects, and refuses numbers that are not safe integers. */
function countKeys(value: Json): number {
  if (typeof value === "number") verifyNumber(value);
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (isJsonList(value)) {
    for (const item of value) count += countKeys(item);
    return count;
  }
  const keys = Object.keys(value);
  for (const key of keys) {
    const item = value[key];
    if (typeof item !== "string") count += countKeys(item ?? null);
  }
  return count + keys.length;
}

function verifyNumber(value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw refused("a number that is not a safe integer");
}

function verifyStrings(value: Json): void {
  if (typeof value === "string" && !value.isWellFormed()) throw refused("a lone surrogate in a string");
  if (isJsonList(value)) for (const item of value) verifyStrings(item);
  else if (isJsonObject(value)) for (const member of Object.entries(value)) verifyStrings(member);
}
