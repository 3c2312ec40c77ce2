/** A machine's updater in a process of its own: recovers, and installs the newest release of a plain repository in a directory. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { AgentError, createAgent, type Agent } from "@dtuf/agent";
import { createCopy, createDirectorySource } from "@dtuf/copy";

/** `home/agent` is the agent's state, `home/copy` the copy's, `home/bin/app` or `home/slots` what is installed. */
export async function createUpdater(site: string, kind: string, home: string): Promise<Agent> {
  const root = await readFile(join(site, "metadata", "1.root.json"));
  const source = createDirectorySource({ metadataDirectory: join(site, "metadata") });
  const now = (): Date => new Date("2030-01-02T00:00:00Z");
  return createAgent({
    copy: createCopy({ source, place: "site", directory: join(home, "copy"), root, now }),
    directory: join(home, "agent"),
    name: "app",
    install:
      kind === "archive"
        ? { kind, directory: join(home, "slots") }
        : { kind: "executable", path: join(home, "bin", "app") },
    now,
  });
}

/** What a program does at its start. */
export async function updateOnce(agent: Agent, isHealthy = true): Promise<void> {
  const { pending } = await agent.recover();
  if (pending?.phase === "applied") return void (await (isHealthy ? agent.confirm() : agent.revert()));
  const { update } = await agent.check();
  if (update === undefined) return;
  await agent.stage(update);
  await agent.apply({
    healthCheck: ({ path }) =>
      readFile(path).then(
        () => isHealthy,
        () => isHealthy,
      ),
  });
}

export function throwUnlessSick(error: unknown): void {
  if (!(AgentError.is(error) && error.code === "AGENT_UNHEALTHY")) throw error;
}

const [, , site = "", kind = "", task = "", home = ""] = process.argv;

if (import.meta.main) {
  const agent = await createUpdater(site, kind, home);
  if (task === "revert") await agent.revert();
  else await updateOnce(agent, task !== "sick").catch(throwUnlessSick);
}
