/** What the parts of a running agent share: its settings, the reporter, and one piece of work at a time. */
import { join } from "node:path";
import {
  createAgent,
  type Agent,
  type AgentEvent,
  type AgentPolicy,
  type AgentStatus,
  type CheckResult,
} from "@dtuf/agent";
import { createCopy, type Copy } from "@dtuf/copy";
import type { Context } from "../context/command.ts";
import { readRootFile } from "../context/input-file.ts";
import { withOwnCopy } from "../pull/copy.ts";
import type { AgentConfig } from "./config/config.ts";
import { askProgram } from "./run-program.ts";

/** What a person or a program is told. */
export interface Reporter {
  readonly onEvent: (event: AgentEvent) => void;
  /** With what there is to install, and what was passed over. */
  readonly onChecked: (result: CheckResult) => void;
}

export interface Desk {
  readonly context: Context;
  readonly config: AgentConfig;
  readonly reporter: Reporter;
  /** Ends what runs at the desk: an interrupt, or a driving program's `quit`. */
  readonly signal: AbortSignal;
  /** One after the other, in the order of the calls. */
  queue<Result>(work: (agent: Agent) => Promise<Result>): Promise<Result>;
}

/**
 * For each piece of work the connections are opened and closed again: between two there is no socket.
 * @throws UsageError if there is no such root; TufError; FileError
 */
export async function openDesk(given: Omit<Desk, "queue">): Promise<Desk> {
  const { context, config } = given;
  const root = config.root === undefined ? undefined : await readRootFile(context, config.root);
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...given,
    queue(work) {
      const next = last.then(() => withAgent({ ...given, root }, work));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

async function withAgent<Result>(
  { context, config, reporter, root }: Omit<Desk, "queue"> & { readonly root: Uint8Array | undefined },
  work: (agent: Agent) => Promise<Result>,
): Promise<Result> {
  const place = { repo: config.repository, directory: join(config.directory, "copy"), mirrors: config.mirrors, root };
  return withOwnCopy(context, place, async (copy) => {
    const agent = openAgent(config, { context, copy, onEvent: reporter.onEvent });
    try {
      return await work(agent);
    } finally {
      await agent.close();
    }
  });
}

export interface KnownStatus {
  readonly status: AgentStatus;
  readonly condition: Awaited<ReturnType<Agent["inspect"]>>;
}

/** What is known without a request. */
export async function readStatus(context: Context, config: AgentConfig): Promise<KnownStatus> {
  const directory = join(config.directory, "copy");
  const copy = createCopy({ source: { sites: [] }, place: "", directory });
  const agent = openAgent(config, { context, copy, onEvent: () => undefined });
  return { status: await agent.pending(), condition: await agent.inspect() };
}

interface Opening {
  readonly context: Context;
  readonly copy: Copy;
  readonly onEvent: Reporter["onEvent"];
}

function openAgent(config: AgentConfig, { context, copy, onEvent }: Opening): Agent {
  const { directory, name, install, installedVersion, channels, platform } = config;
  const { cooldownMs, stallMs, startsMax, programMs } = config;
  return createAgent({
    ...{
      copy,
      directory,
      name,
      install,
      installedVersion,
      channels,
      platform,
      cooldownMs,
      stallMs,
      startsMax,
      onEvent,
    },
    // Each program has its own end, which comes first.
    healthMs: 2 * programMs + 1000,
    policy: createPolicy(config, context),
    now: context.io.now,
  });
}

function createPolicy(config: AgentConfig, { io }: Context): AgentPolicy {
  const world = { config, env: io.env };
  return {
    window: config.window,
    isMetered: async () => (await askProgram("metered", world)) ?? false,
    isOnBattery: async () => (await askProgram("battery", world)) ?? false,
  };
}
