/** What a person reads on stderr while an agent works. */
import { formatMessage, messageOfEvent, messageOfPassedOver, type AgentEvent, type AgentMessage } from "@dtuf/agent";
import type { Context } from "../context/command.ts";
import { createProgress } from "../context/progress/progress.ts";
import type { Reporter } from "./desk.ts";

export interface TextReporter extends Reporter {
  /** Erases the bars of what was moving. */
  end(): void;
}

/** One line for each event; for progress bars, if they are wanted. */
export function createTextReporter(context: Context, name: string): TextReporter {
  const { terminal } = context;
  const view = createProgress(context);
  const say = (message: AgentMessage): void => terminal.report(asTalk(formatMessage(message)));
  return {
    end: () => view.end(),
    onEvent(event) {
      if (event.kind === "progress") {
        const { step, version, bytes, totalBytes } = event;
        const shown = step === "download" ? "download" : "hash";
        return view.onProgress({ step: shown, kind: "target", name: `${name} ${version}`, bytes, totalBytes });
      }
      view.end();
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
