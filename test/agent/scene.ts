/** A publisher and machines that follow it: what each test of the updater begins with. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAgent, type Agent, type AgentEvent, type AgentOptions, type AgentRelease } from "@dtuf/agent";
import { encodeAgentRelease } from "@dtuf/agent/release";
import { createCopy } from "@dtuf/copy";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createSimulatorSource, type SimulatorSourceOptions } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";

export interface AgentScene extends AsyncDisposable {
  readonly home: string;
  readonly sim: TufSimulator;
  readonly clock: FixedClock;
  readonly events: AgentEvent[];
  /** Publishes a release of `app`. */
  publish(version: string, bytes: Uint8Array, more?: Partial<AgentRelease>): Promise<void>;
  /** An agent that installs `app` as an executable, unless it is told another place. */
  agent(given?: AgentSceneOptions): Agent;
  /** What is installed as an executable. */
  installed(): Promise<string>;
}

/** `home`: where the machine is, if it is not the scene's. */
export type AgentSceneOptions = Partial<Omit<AgentOptions, "copy">> &
  SimulatorSourceOptions & { readonly home?: string };

export async function createAgentScene(): Promise<AgentScene> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-agent-"));
  const sim = await createTufSimulator();
  const clock = createFixedClock("2030-01-02T00:00:00Z");
  const events: AgentEvent[] = [];
  await mkdir(join(home, "bin"));
  return {
    ...{ home, sim, clock, events },
    async publish(version, bytes, more = {}) {
      sim.addTarget(`app/${version}`, bytes, { custom: encodeAgentRelease(releaseOf(version, more)) });
      await sim.publishRelease();
    },
    agent({ answer, target, home: at = home, ...options } = {}) {
      const source = createSimulatorSource(sim, { ...(answer && { answer }), ...(target && { target }) });
      const root = sim.files.get("1.root.json") ?? new Uint8Array();
      const copy = createCopy({ source, place: "sim", root, directory: join(at, "copy"), now: clock.now });
      return createAgent({
        ...{ copy, directory: join(at, "agent"), name: "app", now: clock.now },
        install: { kind: "executable", path: join(at, "bin", "app") },
        onEvent: (event) => void events.push(event),
        ...options,
      });
    },
    installed: () => readFile(join(home, "bin", "app"), "utf8"),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** A release of `app` for every machine. */
export function releaseOf(version: string, more: Partial<AgentRelease> = {}): AgentRelease {
  return {
    ...{ name: "app", version, channel: "stable", platform: undefined, rollout: 100, seed: version },
    ...{ published: new Date("2030-01-01T00:00:00Z"), critical: false, minimum: undefined, notes: undefined },
    ...{ supportUntil: undefined, revoked: false, rollback: undefined, ...more },
  };
}

/** Checks and stages. */
export async function stageNewest(agent: Agent): Promise<void> {
  const { update } = await agent.check();
  if (update === undefined) throw new TypeError("there is no update");
  await agent.stage(update);
}

/** Checks, stages, applies and confirms. */
export async function installNewest(agent: Agent): Promise<void> {
  await stageNewest(agent);
  await agent.apply();
  await agent.confirm();
}
