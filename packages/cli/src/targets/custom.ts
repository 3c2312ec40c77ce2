import { parseJson, type Json, type JsonObject } from "@dtuf/tuf";
import type { Context } from "../context/command.ts";
import { readInput } from "../context/input-file.ts";
import { UsageError } from "../context/usage.ts";

/** Every reader of the role downloads it. */
const customFileMaxBytes: number = 64 * 1024;

/** What `--custom` says, later words over earlier ones; undefined if it is not given. @throws UsageError */
export async function readCustom(context: Context): Promise<JsonObject | undefined> {
  const words = context.values.list("custom");
  if (words.length === 0) return undefined;
  const custom = new Map<string, Json>();
  for (const word of words) {
    if (word.startsWith("@")) {
      for (const [key, value] of Object.entries(await readObject(context, word.slice(1)))) custom.set(key, value);
    } else {
      custom.set(word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1));
    }
  }
  return Object.fromEntries(custom);
}

async function readObject(context: Context, file: string): Promise<JsonObject> {
  const bytes = await readInput(context, file, customFileMaxBytes);
  const given = context.values.given("custom");
  let json: Json;
  try {
    json = parseJson(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new UsageError(`${given}: ${file} is no JSON that can be signed: ${why}`);
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw new UsageError(`${given}: ${file} holds no JSON object`);
}
