/** What a person reads on stderr while an agent works. */
import { formatMessage, messageOfEvent, messageOfPassedOver, type AgentEvent, type AgentMessage } from "@dtuf/agent";
import type { Context } from "../context/command.ts";
import type { Reporter } from "./desk.ts";

/** One line for each event but progress, which the log of a service has no use for. */
export function createTextReporter({ terminal }: Context): Reporter {
  const say = (message: AgentMessage): void => terminal.report(asTalk(formatMessage(message)));
  return {
    onEvent(event) {
      if (event.kind === "progress") return;
      if (event.kind === "failed" || event.kind === "release-skipped") terminal.note(withCause(event, event.error));
      else say(messageOfEvent(event));
    },
    onChecked({ passedOver }) {
      for (const each of passedOver) say(messageOfPassedOver(each));
    },
  };
}

/** The error's own words too: they name the thing. */
function withCause(event: AgentEvent, error: unknown): string {
  const words = asTalk(formatMessage(messageOfEvent(event)));
  if (!(error instanceof Error)) return words;
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  return `${words}: ${error.message}${code}`;
}

/** Talk has no capital at its beginning and no full stop at its end. */
function asTalk(sentence: string): string {
  return `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1).replace(/\.$/, "")}`;
}
