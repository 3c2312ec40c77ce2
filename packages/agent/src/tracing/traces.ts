/** What a program's own tracing sees of an agent: docs/tracing.md. Nothing is told that is a secret. */
import { createNotice, createTrace, type Trace } from "@dtuf/registry/tracing";
import type { AgentEvent } from "../events.ts";

/** Message of `dtuf:agent:check`, `dtuf:agent:stage` and `dtuf:agent:apply`: one call. */
export interface AgentCallTold {
  /** Of the release. */
  readonly name: string;
  /** A person asked. */
  readonly isAsked: boolean;
}

export interface AgentCallOutcome {
  /** The version that is offered, staged or installed; undefined if a check offers none. */
  readonly version: string | undefined;
}

/** Message of `dtuf:agent:event`. */
export interface AgentEventTold {
  readonly name: string;
  readonly event: AgentEvent;
}

type CallTrace = Trace<AgentCallTold, AgentCallOutcome>;

export const checkTrace: CallTrace = createTrace("dtuf:agent:check");
export const stageTrace: CallTrace = createTrace("dtuf:agent:stage");
export const applyTrace: CallTrace = createTrace("dtuf:agent:apply");
export const noticeEvent: (tell: () => AgentEventTold) => void = createNotice("dtuf:agent:event");
