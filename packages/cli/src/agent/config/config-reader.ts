/** An agent's settings as a tree of which every place is known: an error names file, line and key, and what is near. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from "yaml";
import { describeNear } from "../../context/text/near.ts";
import { AgentUsageError } from "../../context/usage.ts";

/** One value in the file, and where it stands. */
export interface Field {
  /** `install.path`. */
  readonly key: string;
  readonly node: Node | null;
  readonly file: ConfigFile;
}

interface ConfigFile {
  readonly name: string;
  lineOf(node: Node | null): number;
}

export type Fields = ReadonlyMap<string, Field>;

/** @throws AgentUsageError AGENT_CONFIG_INVALID */
export function readConfigFile(bytes: Uint8Array, name: string): Field {
  const lines = new LineCounter();
  const text = decode(bytes, name);
  // Keys that occur twice are found by readFields, which knows both lines.
  const options = { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: false, merge: false };
  const document = parseDocument(text, options);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw invalid(`${name}:${lines.linePos(error.pos[0]).line}`, error.message);
  const lineOf = (node: Node | null): number => lines.linePos(node?.range?.[0] ?? 0).line;
  return { key: "", node: document.contents, file: { name, lineOf } };
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(name, "is not UTF-8");
  }
}

function invalid(where: string, what: string, hint?: string): AgentUsageError {
  return new AgentUsageError("AGENT_CONFIG_INVALID", `${where}: ${what}`, hint);
}

/** The error for this value. */
export function refuse({ key, node, file }: Field, what: string, hint?: string): AgentUsageError {
  return invalid(`${file.name}:${file.lineOf(node)}`, key === "" ? what : `${key}: ${what}`, hint);
}

/** The values of a mapping. @throws AgentUsageError AGENT_CONFIG_INVALID for a key that is not known, or that occurs twice */
export function readFields(field: Field, known: readonly string[]): Fields {
  if (!isMap(field.node)) throw refuse(field, `wanted a mapping with ${known.join(", ")}; got ${kindOf(field.node)}`);
  const found = new Map<string, Field>();
  for (const { key, value } of field.node.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const at: Field = { ...field, node: key as Node, key: field.key === "" ? name : `${field.key}.${name}` };
    if (!known.includes(name))
      throw refuse(at, "unknown key", describeNear(name, known) ?? `known are ${known.join(", ")}`);
    const first = found.get(name);
    if (first !== undefined) throw refuse(at, `is given twice; line ${field.file.lineOf(first.node)} has it too`);
    found.set(name, { ...at, node: (value as Node | null) ?? (key as Node) });
  }
  return found;
}

/** @throws AgentUsageError AGENT_CONFIG_INVALID if the key is not there */
export function requireField(fields: Fields, name: string, parent: Field): Field {
  const field = fields.get(name);
  if (field !== undefined) return field;
  throw refuse(parent, `${name} is missing`);
}

/** @throws AgentUsageError AGENT_CONFIG_INVALID */
export function readText(field: Field): string {
  const value = isScalar(field.node) ? field.node.value : undefined;
  if (typeof value === "string" && value !== "" && !/\p{Cc}/u.test(value)) return value;
  throw refuse(field, `wanted a text${typeof value === "number" ? ", in quotes" : ""}; got ${kindOf(field.node)}`);
}

/** A text, or a number as it is written, for a parser that says what a number lacks. @throws AgentUsageError AGENT_CONFIG_INVALID */
export function readTextOrNumber(field: Field): string {
  const { node } = field;
  return isScalar(node) && typeof node.value === "number" ? (node.source ?? String(node.value)) : readText(field);
}

/** @throws AgentUsageError AGENT_CONFIG_INVALID */
export function readChoice<Choice extends string>(field: Field, choices: readonly Choice[]): Choice {
  const value = readText(field);
  const choice = choices.find((each) => each === value);
  if (choice !== undefined) return choice;
  throw refuse(field, `wanted ${choices.join(" or ")}; got ${JSON.stringify(value)}`, describeNear(value, choices));
}

/** @throws AgentUsageError AGENT_CONFIG_INVALID */
export function readCount(field: Field, { least, most }: { readonly least: number; readonly most: number }): number {
  const value = isScalar(field.node) ? field.node.value : undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw refuse(field, `wanted a whole number from ${least} to ${most}; got ${kindOf(field.node)}`);
}

/** @throws AgentUsageError AGENT_CONFIG_INVALID */
export function readItems(field: Field): readonly Field[] {
  if (!isSeq(field.node)) throw refuse(field, `wanted a list; got ${kindOf(field.node)}`);
  if (field.node.items.length === 0) throw refuse(field, "wanted a list; got an empty one");
  return field.node.items.map((node, at) => ({ ...field, key: `${field.key}[${at}]`, node: node as Node }));
}

/** Runs a parser of another part of the program; what it refuses has its place in the file. @throws AgentUsageError */
export function parseField<Value>(field: Field, parse: (text: string) => Value, text = readText(field)): Value {
  try {
    return parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw refuse(field, message.replace(`${field.key}: `, ""));
  }
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  if (!isScalar(node)) return node === null ? "nothing" : "an alias";
  if (node.value === null || node.value === "") return "nothing";
  return JSON.stringify(node.value).slice(0, 80);
}
