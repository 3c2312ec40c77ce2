/** Programs that an agent's settings name: started without a shell, with an end, and without dtuf's own variables. */
import { spawn } from "node:child_process";
import type { HealthCheck } from "@dtuf/agent";
import type { Environment } from "../context/io.ts";
import { AgentUsageError } from "../context/usage.ts";
import type { AgentConfig, AgentPrograms, ProgramLine } from "./config/config.ts";

/** What a program is told, in variables that begin with `DTUF_AGENT_`. */
type Told = Readonly<Record<string, string>>;

interface World {
  readonly config: AgentConfig;
  readonly env: Environment;
}

/** True if its status is 0; undefined if the settings name none. @throws AgentUsageError AGENT_CONFIG_INVALID; TypeError if it ended late */
export async function askProgram(
  name: keyof AgentPrograms,
  world: World,
  told: Told = {},
): Promise<boolean | undefined> {
  const line = world.config.programs[name];
  return line === undefined ? undefined : (await startProgram(line, name, { ...world, told })) === 0;
}

/** Starts the new version, then asks whether it is well. Undefined: the settings name neither program. */
export function createHealthCheck(world: World): HealthCheck | undefined {
  const { health, restart } = world.config.programs;
  if (health === undefined && restart === undefined) return undefined;
  return async ({ version, path }) => {
    const told = { VERSION: version, PATH: path };
    for (const [name, line] of [["restart", restart] as const, ["health", health] as const]) {
      if (line === undefined) continue;
      const status = await startProgram(line, name, { ...world, told });
      if (status !== 0) throw new TypeError(`${name}: ${line[0]} ended with ${describeStatus(status)}`);
    }
  };
}

function describeStatus(status: number | null): string {
  return status === null ? "a signal" : `status ${status}`;
}

/** What it prints goes to stderr: stdout is for events. A program that it leaves behind is not waited for. */
async function startProgram(
  [program, ...words]: ProgramLine,
  name: string,
  { config, env, told }: World & { readonly told: Told },
): Promise<number | null> {
  const own = Object.entries(env).filter(([variable]) => !/^(?:DTUF|DXF)_/.test(variable));
  const variables = Object.entries({ NAME: config.name, ...told }).map(([key, value]) => [`DTUF_AGENT_${key}`, value]);
  const child = spawn(program, words, {
    ...{ cwd: config.base, shell: false, windowsHide: true, stdio: ["ignore", 2, 2] },
    env: Object.fromEntries([...own, ...variables]),
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new TypeError(`${name}: ${program} gave no answer within ${config.programMs} ms`));
    }, config.programMs);
    child.once("exit", (status) => {
      clearTimeout(timer);
      resolve(status);
    });
    child.once("error", ({ message }) => {
      clearTimeout(timer);
      reject(new AgentUsageError("AGENT_CONFIG_INVALID", `${name}: cannot start ${program}: ${message}`));
    });
  });
}
