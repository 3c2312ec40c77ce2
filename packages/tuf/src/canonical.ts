/**
 * OLPC canonical JSON, the form that TUF signs: keys in code point order, no white space, only `\` and `"` escaped.
 *
 * `@tufjs/canonical-json` is correct for values that `parseJson` returned, because these contain no fractions, unsafe
 * integers, lone surrogates or deep nesting, with one exception: it orders keys by UTF-16 unit. That differs
 * from code point order only if a surrogate is compared with a unit above the surrogates, so only then the keys are ordered here.
 *
 * If a value is in that order already, as documents signed here are, `JSON.stringify` writes it several times as fast.
 */
import { canonicalize } from "@tufjs/canonical-json";
import type { Json } from "./json.ts";
import { isJsonList, isJsonObject } from "./json.ts";

export function canonicalJson(value: Json): Uint8Array {
  return new TextEncoder().encode(canonicalText(value));
}

function canonicalText(value: Json): string {
  const plain = isOrdered(value) ? JSON.stringify(value) : undefined;
  const text = plain?.includes("\\") === false ? plain : canonicalize(value);
  const ambiguous = /[\ud800-\udbff]/.test(text) && /[\ue000-\uffff]/.test(text);
  return ambiguous ? byCodePoint(value) : text;
}

/** Whether every object has its keys in UTF-16 order. JavaScript puts integer-like keys such as `10` first, however they were written. */
function isOrdered(value: Json): boolean {
  if (isJsonList(value)) return value.every(isOrdered);
  if (!isJsonObject(value)) return true;
  let last = "";
  for (const key of Object.keys(value)) {
    if (key < last || !isOrdered(value[key] ?? null)) return false;
    last = key;
  }
  return true;
}

function byCodePoint(value: Json): string {
  if (isJsonList(value)) return `[${value.map(byCodePoint).join(",")}]`;
  if (!isJsonObject(value)) return canonicalize(value);
  const members = Object.entries(value).map(([key, item]) => ({ key, bytes: Buffer.from(key), item }));
  members.sort((a, b) => Buffer.compare(a.bytes, b.bytes)); // UTF-8 bytes sort in code point order
  return `{${members.map(({ key, item }) => `${canonicalize(key)}:${byCodePoint(item)}`).join(",")}}`;
}
