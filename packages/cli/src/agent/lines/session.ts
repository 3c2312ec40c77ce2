/** An agent that another program drives: events and answers on stdout, commands on stdin, one JSON object a line. */
import { AgentError, type Agent, type AgentUpdate } from "@dtuf/agent";
import type { Context } from "../../context/command.ts";
import { AgentUsageError } from "../../context/usage.ts";
import { version } from "../../version.ts";
import type { AgentConfig } from "../config/config.ts";
import { openDesk, type Desk, type Reporter } from "../desk.ts";
import { apply, check, revert } from "../round.ts";
import { serve, type Manner } from "../serve.ts";
import {
  answerLine,
  checkedLine,
  encodeCheck,
  encodeLine,
  encodeStatus,
  eventLine,
  lineMaxBytes,
  refusalLine,
  type Line,
} from "./encode-line.ts";
import { commandNames, parseCommandLine, refuse, type AgentCommand, type CommandId } from "./parse-command.ts";
import { readLines, type ReadLine } from "./read-lines.ts";

/** Commands that wait for the one before them. */
const waitingMost = 32;
const progressMs = 200;

export interface LineWriter extends Reporter {
  write(line: Line): void;
  /** When everything was taken by the reader. */
  flush(): Promise<void>;
}

export function createLineWriter({ io }: Context): LineWriter {
  let last: Promise<void> = Promise.resolve();
  let progressAt = Number.NEGATIVE_INFINITY;
  const write = (line: Line): void => {
    const text = encodeLine(line);
    last = last.then(() => io.stdout.write(text));
  };
  return {
    write,
    flush: () => last,
    onEvent(event) {
      const now = io.now();
      // What a check found is told by onChecked, with all that a user wants to know.
      if (event.kind === "checked") return;
      if (event.kind === "progress" && event.bytes < event.totalBytes) {
        if (now.getTime() - progressAt < progressMs) return;
        progressAt = now.getTime();
      }
      write(eventLine(event, now));
    },
    onChecked: (result) => write(checkedLine(result, io.now())),
  };
}

export function helloLine({ name }: AgentConfig, { automatic }: Manner): Line {
  return { type: "hello", protocol: 1, dtuf: version, name, automatic, commands: commandNames, lineMaxBytes };
}

interface Session {
  readonly desk: Desk;
  readonly writer: LineWriter;
  readonly ended: AbortController;
  /** What the last check offered. */
  offered: AgentUpdate | undefined;
  running: { readonly id: CommandId; readonly stop: AbortController } | undefined;
  waiting: number;
}

/** Ends at `quit`, at an interrupt, or when stdin has ended and its commands are done. */
export async function runSession(
  context: Context,
  { config, manner, writer }: { readonly config: AgentConfig; readonly manner: Manner; readonly writer: LineWriter },
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([context.io.signal, ended.signal]);
  const session: Session = {
    ...{ writer, ended, offered: undefined, running: undefined, waiting: 0 },
    desk: await openDesk({ context, config, signal, reporter: { ...writer, onChecked } }),
  };
  function onChecked(...[result]: Parameters<LineWriter["onChecked"]>): void {
    session.offered = result.update;
    writer.onChecked(result);
  }
  const served = serve(session.desk, manner).finally(() => ended.abort());
  const commanded = takeCommands(session, context).finally(() => ended.abort());
  await Promise.all([served, commanded]);
}

async function takeCommands(session: Session, { io }: Context): Promise<void> {
  const open = new Set<Promise<void>>();
  const lines = readLines(io.stdin.stream, lineMaxBytes);
  const stop = new Promise<undefined>((resolve) => {
    session.desk.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  for (;;) {
    const next = await Promise.race([lines.next(), stop]);
    if (next === undefined || next.done === true) break;
    const taken: Promise<void> = takeLine(session, next.value).finally(() => open.delete(taken));
    open.add(taken);
    // A program that does not read gets no further: its commands would become answers in memory.
    await Promise.race([session.writer.flush(), stop]);
  }
  await Promise.all(open);
}

async function takeLine(session: Session, line: ReadLine): Promise<void> {
  const { writer } = session;
  if (line.kind !== "line") {
    const what = line.kind === "too-long" ? `is longer than ${lineMaxBytes} bytes` : "is not UTF-8";
    return writer.write(refusalLine(null, refuse(`the line ${what}`)));
  }
  const parsed = parseCommandLine(line.text);
  if ("error" in parsed) return writer.write(refusalLine(parsed.id, parsed.error));
  const { id, command } = parsed;
  try {
    writer.write(answerLine(id, await carryOut(session, id, command)));
  } catch (error) {
    writer.write(refusalLine(id, error));
  }
}

/** @throws AgentUsageError AGENT_BUSY; errors of the command */
async function carryOut(session: Session, id: CommandId, command: AgentCommand): Promise<Line> {
  const { ended, running } = session;
  if (command.name === "quit") {
    ended.abort(new DOMException("quit", "AbortError"));
    return {};
  }
  if (command.name === "cancel") {
    running?.stop.abort(new DOMException("cancelled", "AbortError"));
    return { cancelled: running?.id ?? null };
  }
  if (session.waiting >= waitingMost) {
    throw new AgentUsageError("AGENT_BUSY", `${waitingMost} commands wait already`, "wait for their answers");
  }
  session.waiting += 1;
  try {
    return await session.desk.queue((agent) => inTurn(session, agent, { id, command }));
  } finally {
    session.waiting -= 1;
  }
}

interface Turn {
  readonly id: CommandId;
  readonly command: AgentCommand;
}

async function inTurn(session: Session, agent: Agent, { id, command }: Turn): Promise<Line> {
  const stop = new AbortController();
  session.running = { id, stop };
  try {
    const signal = AbortSignal.any([session.desk.signal, stop.signal]);
    return await perform(session, agent, { command, signal });
  } finally {
    session.running = undefined;
  }
}

interface Performed {
  readonly command: AgentCommand;
  readonly signal: AbortSignal;
}

async function perform(session: Session, agent: Agent, { command, signal }: Performed): Promise<Line> {
  const { desk } = session;
  const { isAsked, isOn = false, until, version: named = "" } = command;
  const call = { signal, isAsked };
  switch (command.name) {
    case "check":
      return encodeCheck(await check(desk, agent, call));
    case "stage":
      return encodeStatus(await agent.stage(offeredUpdate(session, command), call));
    case "apply":
      await verifyStaged(agent, command);
      return encodeStatus(await apply(desk, agent, { ...call, confirming: "by-command" }));
    case "confirm":
      return encodeStatus(await agent.confirm());
    case "revert":
      return encodeStatus(await revert(desk, agent));
    case "skip":
      return encodeStatus(await agent.skip(named));
    case "postpone":
      return encodeStatus(await agent.postpone(until ?? desk.context.io.now()));
    case "opt-out":
      return encodeStatus(await (isOn ? agent.optOut() : agent.optIn()));
    case "status":
    case "cancel":
    case "quit":
      return { ...encodeStatus(await agent.pending()), installedIs: (await agent.inspect({ signal })) ?? null };
  }
}

/** The version that the user said yes to. @throws AgentUsageError AGENT_COMMAND_INVALID */
function offeredUpdate({ offered }: Session, { version: named }: AgentCommand): AgentUpdate {
  if (offered !== undefined && (named === undefined || named === offered.release.version)) return offered;
  const got = offered === undefined ? "offered nothing" : `offered ${offered.release.version}`;
  throw refuse(`the last check ${got}${named === undefined ? "" : `, not ${named}`}`, "check again");
}

/** @throws AgentError AGENT_NOT_PENDING */
async function verifyStaged(agent: Agent, { version: named }: AgentCommand): Promise<void> {
  if (named === undefined) return;
  const { pending } = await agent.pending();
  if (pending === undefined || pending.version === named) return;
  throw new AgentError("AGENT_NOT_PENDING", `${pending.version} is pending, not ${named}`, {
    details: { wanted: named, got: pending.version },
  });
}
