/**
 * OLPC canonical JSON, the form that TUF signs: keys in code point order, no white space, only `\` and `"` escaped.
 *
 * `@tufjs/canonical-json` does it for values that `parseJson` returned, which are free of what it gets wrong (fractions,
 * unsafe integers, lone surrogates, bottomless nesting) but for one thing: it orders keys by UTF-16 unit. That differs
 * from code point order only where a surrogate meets a unit above the surrogates, so only then are the keys ordered here.
 *
 * Where a value stands in that form already, as what is signed here does, `JSON.stringify` writes it several times as fast.
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

/** Whether every object has its keys in UTF-16 order. Keys like `10` never stay behind others, whatever was written. */
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
  members.sort((a, b) => Buffer.compare(a.bytes, b.bytes)); // UTF-8 sorts as code points do
  return `{${members.map(({ key, item }) => `${canonicalize(key)}:${byCodePoint(item)}`).join(",")}}`;
}
