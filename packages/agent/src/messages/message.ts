/** From an event, an error or a release that is passed over to a code with parameters, and from there to a text. */
import type { AgentEvent } from "../events.ts";
import type { PassedOver } from "../release/select-release.ts";
import { unknownVersion } from "../state/agent-state.ts";
import { englishMessages, type MessageCatalogue, type MessageCode } from "./catalogue.ts";
import { describeProblem, type MessageParameters } from "./problem.ts";

export interface AgentMessage {
  readonly code: MessageCode;
  /** Times are ISO 8601. */
  readonly parameters: MessageParameters;
}

/** What an event says. */
export function messageOfEvent(event: AgentEvent): AgentMessage {
  if (event.kind === "failed") return messageOfError(event.error);
  return { code: codeOf(event), parameters: plain(event) };
}

/** What an error says. Never throws. */
export function messageOfError(error: unknown): AgentMessage {
  const { code, parameters } = describeProblem(error);
  return { code, parameters };
}

/** Why a newer release is not offered. */
export function messageOfPassedOver({ reason, ...fields }: PassedOver): AgentMessage {
  return { code: `passed-over.${reason}`, parameters: plain(fields) };
}

/** The text of a message. A parameter that is missing stays as its place. Default: in English. */
export function formatMessage(
  { code, parameters }: AgentMessage,
  catalogue: MessageCatalogue = englishMessages,
): string {
  return catalogue[code].replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(parameters, name) ? String(parameters[name]) : place,
  );
}

function codeOf(event: Exclude<AgentEvent, { kind: "failed" }>): MessageCode {
  switch (event.kind) {
    case "checked":
      return event.version === undefined ? "checked.current" : "checked.update";
    case "differs":
      return `differs.${event.condition}`;
    case "progress":
      return `progress.${event.step}`;
    case "reverted":
      return event.to === unknownVersion ? "reverted.unknown" : `reverted.${event.reason}`;
    case "healed":
      return `healed.${event.outcome}`;
    case "held":
      return `held.${event.reason}`;
    case "abandoned":
    case "applied":
    case "confirmed":
    case "lock-awaited":
    case "release-skipped":
    case "staged":
    case "waiting":
      return event.kind;
  }
}

function plain(fields: object): MessageParameters {
  const shown = Object.entries(fields).map(([name, value]): [string, unknown] => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ]);
  const isPlain = (entry: [string, unknown]): entry is [string, string | number] =>
    typeof entry[1] === "string" || typeof entry[1] === "number";
  return Object.freeze(Object.fromEntries(shown.filter(isPlain)));
}
