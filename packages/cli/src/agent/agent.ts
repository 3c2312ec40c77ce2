/** `dtuf agent run CONFIG` keeps a program up to date; `dtuf agent status CONFIG` says what is installed. */
import type { InstalledVersion } from "@dtuf/agent";
import type { Context, ExitStatus, Run } from "../context/command.ts";
import { exitStatusOf } from "../context/exit-status.ts";
import { describeNear } from "../context/text/near.ts";
import { describeInstant } from "../context/time.ts";
import { UsageError } from "../context/usage.ts";
import type { AgentConfig } from "./config/config.ts";
import { readAgentConfig } from "./config/read-config.ts";
import { openDesk, readStatus, type KnownStatus } from "./desk.ts";
import { encodeError, encodeStatus } from "./lines/encode-line.ts";
import { createLineWriter, helloLine, runSession, type LineWriter } from "./lines/session.ts";
import { createTextReporter } from "./report.ts";
import { runOnce, serve, type Manner } from "./serve.ts";

const actions = ["run", "status"] as const;
const readMs = 1000;

export const run: Run = async (context, [action = "", file = ""]) => {
  const known = actions.find((each) => each === action);
  if (known === undefined)
    throw new UsageError(`there is no agent ${action}`, describeNear(action, actions) ?? "agent run, agent status");
  if (context.values.on("jsonl")) return runDriven(context, file);
  const config = await readAgentConfig(context, file);
  return known === "status" ? showStatus(context, config) : runPlainly(context, config);
};

async function runPlainly(context: Context, config: AgentConfig): Promise<ExitStatus> {
  const reporter = createTextReporter(context, config.name);
  const manner: Manner = { automatic: config.automatic ?? "apply", confirming: "at-once" };
  try {
    const desk = await openDesk({ context, config, reporter, signal: context.io.signal });
    await (context.values.on("once") ? runOnce : serve)(desk, manner);
    // A service that was told to end has done its work.
    return 0;
  } finally {
    reporter.end();
  }
}

/** The last line says how it ended, so that the driving program need not read stderr. */
async function runDriven(context: Context, file: string): Promise<ExitStatus> {
  const writer = createLineWriter(context);
  try {
    await drive(context, { file, writer });
    writer.write({ type: "ended", status: 0 });
    return 0;
  } catch (error) {
    const encoded = encodeError(error);
    const status = context.io.signal.aborted ? 130 : exitStatusOf(String(encoded["code"]));
    writer.write({ type: "ended", status, error: encoded });
    throw error;
  } finally {
    await Promise.race([writer.flush(), lateAfter(context.io.signal)]);
  }
}

/** A second after an interrupt: what nobody reads until then is not waited for. */
function lateAfter(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wait = (): void => void setTimeout(resolve, readMs).unref();
    if (signal.aborted) wait();
    else signal.addEventListener("abort", wait, { once: true });
  });
}

interface Driving {
  readonly file: string;
  readonly writer: LineWriter;
}

async function drive(context: Context, { file, writer }: Driving): Promise<void> {
  if (file === "-") throw new UsageError("with --jsonl stdin is for commands: name a file of settings");
  const config = await readAgentConfig(context, file);
  const isOnce = context.values.on("once");
  const automatic = config.automatic ?? (isOnce ? "apply" : "check");
  const manner: Manner = { automatic, confirming: isOnce ? "at-once" : "by-command" };
  writer.write(helloLine(config, manner));
  if (!isOnce) return runSession(context, { config, manner, writer });
  return runOnce(await openDesk({ context, config, reporter: writer, signal: context.io.signal }), manner);
}

async function showStatus(context: Context, config: AgentConfig): Promise<ExitStatus> {
  const known = await readStatus(context, config);
  const { terminal } = context;
  if (terminal.format === "json")
    await terminal.printJson({
      name: config.name,
      ...encodeStatus(known.status),
      installedIs: known.condition ?? null,
    });
  else for (const line of describeStatus(config, known, context.io.now())) await terminal.printName(line);
  return 0;
}

function describeStatus({ name }: AgentConfig, { status, condition }: KnownStatus, now: Date): readonly string[] {
  const { installed, previous, pending, skipped, reverted, isOptedOut, postponedUntil } = status;
  const version = (each: InstalledVersion | undefined): string => each?.version ?? "none";
  return [
    `name: ${name}`,
    `installed: ${version(installed)}${installed === undefined ? "" : `, ${installed.path}`}${condition === undefined || condition === "whole" ? "" : ` (${condition})`}`,
    `previous: ${version(previous)}`,
    ...(pending === undefined ? [] : [`pending: ${pending.version}, ${pending.phase}`]),
    ...(skipped.length === 0 ? [] : [`skipped: ${skipped.join(", ")}`]),
    ...(reverted.length === 0 ? [] : [`reverted: ${reverted.join(", ")}`]),
    ...(isOptedOut ? ["updates are switched off"] : []),
    ...(postponedUntil === undefined ? [] : [`postponed until: ${describeInstant(postponedUntil, now)}`]),
  ];
}
