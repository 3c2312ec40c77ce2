/** The steps of an update as the settings want them: each leaves the old version or the new one, whole. */
import { AgentError, type Agent, type AgentStatus, type CheckResult, type HealthCheck } from "@dtuf/agent";
import { askProgram, createHealthCheck } from "./run-program.ts";
import type { Desk } from "./desk.ts";
import type { Automatic } from "./config/config.ts";

/** Who says that a new version works if the settings name no program for it. */
export type Confirming = "at-once" | "by-command";

/** What a step is told. */
export interface StepCall {
  readonly signal: AbortSignal;
  readonly isAsked?: boolean;
}

/** Finishes what an earlier run began: a switch that was cut off, and a version that nobody has confirmed. */
export async function settle(desk: Desk, confirming: Confirming): Promise<void> {
  await desk.queue(async (agent) => {
    const before = (await agent.pending()).installed?.version;
    const { pending, installed } = await agent.recover({ signal: desk.signal });
    if (before !== undefined && installed?.version !== before) await restart(desk, installed);
    if (pending?.phase !== "applied") return;
    const check = createHealthCheck({ config: desk.config, env: desk.context.io.env });
    if (check === undefined) return confirming === "at-once" ? void (await agent.confirm()) : undefined;
    try {
      await check({ version: pending.version, path: pending.path, signal: desk.signal });
    } catch {
      return void (await revert(desk, agent));
    }
    await agent.confirm();
  });
}

/** One round. Undefined: nothing is left to do now. */
export async function runRound(desk: Desk, automatic: Automatic, confirming: Confirming): Promise<void> {
  await desk.queue(async (agent) => {
    const call = { signal: desk.signal };
    const { update } = await check(desk, agent, call);
    if (update === undefined || automatic === "check") return;
    await agent.stage(update, call);
    if (automatic === "apply") await apply(desk, agent, { ...call, confirming });
  });
}

export async function check({ reporter }: Desk, agent: Agent, call: StepCall): Promise<CheckResult> {
  const result = await agent.check(call);
  reporter.onChecked(result);
  return result;
}

/** Installs what is staged, starts it and asks whether it is well, as the settings say. */
export async function apply(
  desk: Desk,
  agent: Agent,
  { confirming, ...call }: StepCall & { readonly confirming: Confirming },
): Promise<AgentStatus> {
  const health = createHealthCheck({ config: desk.config, env: desk.context.io.env });
  const { signal, release } = untilReleased(call.signal);
  // Programs that have begun are waited for: one that is cut off could leave what it restarts stopped.
  const healthCheck: HealthCheck | undefined = health && ((context) => (release(), health(context)));
  try {
    const status = await agent.apply({ ...call, signal, healthCheck });
    return healthCheck === undefined && confirming === "at-once" ? await agent.confirm() : status;
  } catch (error) {
    const { installed } = await agent.pending();
    // The version before is in its place again, and has to be started again.
    if (AgentError.is(error) && error.code === "AGENT_UNHEALTHY") await restart(desk, installed);
    throw error;
  } finally {
    release();
  }
}

/** A signal that ends with another one, until it is released. */
function untilReleased(followed: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
  const own = new AbortController();
  const end = (): void => own.abort(followed.reason);
  const release = (): void => followed.removeEventListener("abort", end);
  if (followed.aborted) end();
  followed.addEventListener("abort", end);
  return { signal: own.signal, release };
}

export async function revert(desk: Desk, agent: Agent): Promise<AgentStatus> {
  const status = await agent.revert();
  await restart(desk, status.installed);
  return status;
}

/** Without a version: what was there before the first installation. */
async function restart({ config, context }: Desk, installed: AgentStatus["installed"]): Promise<void> {
  const { install } = config;
  const place = install.kind === "archive" ? install.directory : install.path;
  const { version, path } = installed ?? { version: "unknown", path: place };
  const told = { VERSION: version, PATH: path };
  const isStarted = await askProgram("restart", { config, env: context.io.env }, told);
  if (isStarted === false) context.terminal.note(`restart: ${version} was installed again, and did not start`);
}
