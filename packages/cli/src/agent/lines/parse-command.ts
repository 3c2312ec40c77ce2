/** Commands to a running agent: one JSON object a line. docs/schema/agent-lines.json has their forms. */
import { parseReleaseVersion } from "@dtuf/agent/release";
import { describeNear } from "../../context/text/near.ts";
import { AgentUsageError } from "../../context/usage.ts";

/** What the answer repeats, so that it can be matched. */
export type CommandId = string | number;

export interface AgentCommand {
  readonly name: CommandName;
  readonly isAsked: boolean;
  readonly version: string | undefined;
  readonly until: Date | undefined;
  readonly isOn: boolean | undefined;
}

export type ParsedLine =
  | { readonly id: CommandId; readonly command: AgentCommand }
  /** `id` is null if none could be read. */
  | { readonly id: CommandId | null; readonly error: AgentUsageError };

type Member = "asked" | "version" | "until" | "on";

/** What each command takes; with `!`, it needs it. */
const forms = {
  check: ["asked"],
  stage: ["version", "asked"],
  apply: ["version", "asked"],
  confirm: [],
  revert: [],
  postpone: ["until!"],
  skip: ["version!"],
  "opt-out": ["on!"],
  status: [],
  cancel: [],
  quit: [],
} as const satisfies Readonly<Record<string, readonly (Member | `${Member}!`)[]>>;

export type CommandName = keyof typeof forms;

export const commandNames: readonly CommandName[] = Object.keys(forms) as CommandName[];

const idMaxLength = 64;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** Never throws. */
export function parseCommandLine(text: string): ParsedLine {
  let id: CommandId | null = null;
  try {
    const members = parseObject(text);
    id = readId(members.get("id"));
    return { id, command: parseCommand(members) };
  } catch (error) {
    return { id, error: error instanceof AgentUsageError ? error : refuse(String(error)) };
  }
}

export function refuse(message: string, hint?: string): AgentUsageError {
  return new AgentUsageError("AGENT_COMMAND_INVALID", message, hint);
}

function parseObject(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return new Map(Object.entries(value));
  } catch {
    throw refuse("the line is not JSON");
  }
  throw refuse("the line is not a JSON object");
}

function readId(id: unknown): CommandId {
  if (typeof id === "string" && id.length > 0 && id.length <= idMaxLength) return id;
  if (typeof id === "number" && Number.isSafeInteger(id)) return id;
  throw refuse(`id: wanted a whole number, or a text of up to ${idMaxLength} characters`);
}

function parseCommand(members: ReadonlyMap<string, unknown>): AgentCommand {
  const name = commandNames.find((each) => each === members.get("command"));
  if (name === undefined) throw unknownCommand(members.get("command"));
  const form: readonly string[] = forms[name];
  const known = ["id", "command", ...form.map((member) => member.replace("!", ""))];
  for (const member of members.keys()) {
    if (!known.includes(member)) throw refuse(`${name} does not take ${shown(member)}`, describeNear(member, known));
  }
  const missing = form.find((member) => member.endsWith("!") && !members.has(member.slice(0, -1)));
  if (missing !== undefined) throw refuse(`${name} needs ${missing.slice(0, -1)}`);
  return {
    name,
    isAsked: readFlag(members, "asked") ?? false,
    version: readVersion(members.get("version")),
    until: readInstant(members.get("until")),
    isOn: readFlag(members, "on"),
  };
}

function unknownCommand(command: unknown): AgentUsageError {
  if (typeof command !== "string") return refuse("command: wanted the name of a command");
  const hint = describeNear(command, commandNames) ?? `commands are ${commandNames.join(", ")}`;
  return new AgentUsageError("AGENT_COMMAND_UNKNOWN", `there is no command ${shown(command)}`, hint);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, idMaxLength));
}

function readFlag(members: ReadonlyMap<string, unknown>, name: Member): boolean | undefined {
  const value = members.get(name);
  if (value === undefined || typeof value === "boolean") return value;
  throw refuse(`${name}: wanted true or false`);
}

function readVersion(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw refuse("version: wanted a text such as 1.4.0");
  try {
    return parseReleaseVersion(value);
  } catch {
    throw refuse(`version: wanted semantic versioning such as 1.4.0; got ${shown(value)}`);
  }
}

function readInstant(value: unknown): Date | undefined {
  if (value === undefined) return undefined;
  const date = typeof value === "string" && instant.test(value) ? new Date(value) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  throw refuse("until: wanted an instant such as 2030-01-02T03:04:05Z");
}
