/** Rounds that need nobody: how long they wait, what they do with failures, and what an idle updater keeps open. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AgentEvent, RunOptions } from "@dtuf/agent";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMachine, publishDemo, registryEnvironment } from "../cli/machine.ts";
import { registryOf, uniqueRepository } from "../setup/registries.ts";
import { createAgentScene, installNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
beforeEach(async () => {
  scene = await createAgentScene();
  await scene.publish("1.0.0", Buffer.from("one"));
});
afterEach(() => scene[Symbol.asyncDispose]());

type Kind = AgentEvent["kind"];

/** Runs until the first wait, and returns how long that would have been, in milliseconds, and the events. */
async function runOnce(
  given: Parameters<AgentScene["agent"]>[0] = {},
  options: RunOptions = {},
): Promise<{ readonly waitMs: number; readonly events: readonly AgentEvent[] }> {
  const stop = new AbortController();
  const events: AgentEvent[] = [];
  let waitMs = Number.NaN;
  const agent = scene.agent({
    ...given,
    onEvent(event) {
      events.push(event);
      if (event.kind !== "waiting") return;
      waitMs = event.until.getTime() - scene.clock.now().getTime();
      stop.abort();
    },
  });
  await agent.run({ jitter: 0, healthCheck: () => true, ...options, signal: stop.signal });
  return { waitMs, events };
}

const kinds = (events: readonly AgentEvent[]): readonly Kind[] => [
  ...new Set(events.map(({ kind }) => kind).filter((kind) => kind !== "progress")),
];

describe("a round", () => {
  test("installs what is new, with its health check, and the next one is after the plan", async () => {
    const { waitMs, events } = await runOnce({}, { everyMs: 3_600_000 });
    expect(await scene.installed()).toBe("one");
    expect(kinds(events)).toEqual(["checked", "staged", "applied", "confirmed", "waiting"]);
    expect(waitMs).toBe(3_600_000);
  });

  test("varies the plan by chance, so that machines do not ask all at once", async () => {
    await installNewest(scene.agent());
    for (const [chance, wanted] of [
      [0, 900_000],
      [0.5, 1_000_000],
      [1, 1_100_000],
    ] as const) {
      const { waitMs } = await runOnce({}, { everyMs: 1_000_000, jitter: 0.1, chance: () => chance });
      expect(waitMs).toBe(wanted);
    }
  });

  test("that fails is told, and comes again after a minute, then after twice the time, up to the plan", async () => {
    const down = (): never => {
      throw Object.assign(new Error("down"), { code: "OCI_UNAVAILABLE" });
    };
    const { waitMs, events } = await runOnce({ answer: down });
    expect(kinds(events)).toEqual(["failed", "waiting"]);
    expect(waitMs).toBe(60_000);
    expect((await runOnce({ answer: down }, { everyMs: 30_000 })).waitMs).toBe(30_000);
  });

  test("that fails for a reason that stays comes again after the plan", async () => {
    const { waitMs } = await runOnce({ name: "other" }, { everyMs: 3_600_000 });
    expect(waitMs).toBe(3_600_000);
  });

  test("that is held back comes again when the hold ends", async () => {
    const window = { from: "01:00", to: "02:00", zone: "utc" } as const;
    const { waitMs, events } = await runOnce({ policy: { window } });
    expect(kinds(events)).toEqual(["checked", "staged", "held", "waiting"]);
    expect(waitMs).toBe(3_600_000);
  });

  test("after an opt-out makes no request", async () => {
    await scene.agent().optOut();
    const asked: string[] = [];
    const { events } = await runOnce({ answer: ({ role }) => (asked.push(role), "serve") });
    expect(kinds(events)).toEqual(["held", "waiting"]);
    expect(asked).toEqual([]);
  });

  test("does not install over a version that waits for its confirmation", async () => {
    await scene.publish("1.1.0", Buffer.from("two"));
    const agent = scene.agent();
    expect(await agent.update()).toEqual({ kind: "installed", version: "1.1.0" });
    await scene.publish("1.2.0", Buffer.from("three"));
    expect(await agent.update()).toEqual({ kind: "unconfirmed", version: "1.1.0" });
    await agent.confirm();
    expect(await agent.update()).toEqual({ kind: "installed", version: "1.2.0" });
  });
});

test("an updater that is stopped in the middle of a round returns, and the next one goes on", async () => {
  const stop = new AbortController();
  const onEvent = ({ kind }: AgentEvent): void => {
    if (kind === "staged") stop.abort();
  };
  await scene.agent({ onEvent }).run({ signal: stop.signal, healthCheck: () => true });
  expect((await scene.agent().pending()).pending?.phase).toBe("staged");
  await runOnce();
  expect(await scene.installed()).toBe("one");
});

test.runIf(process.platform === "linux")(
  "an idle updater has one timer and no socket, after its first round and after its second",
  async () => {
    const registry = registryOf("plain");
    await using machine = await createMachine(registryEnvironment(registry));
    const repo = uniqueRepository("idle");
    await publishDemo(machine, repo, "Hello World\n");
    await machine.must(["release", repo, "app", "1.0.0", "-"], "one");
    await machine.must(["push-metadata", repo]);
    await mkdir(join(machine.directory, "bin"));
    const root = await machine.must(["get-root", repo, "--output", "-"]);
    await writeFile(join(machine.directory, "root.json"), root.bytes);
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...["--conditions=@dtuf/source", join(import.meta.dirname, "idle-agent.ts")],
      ...[`${registry.host}/${repo}`, machine.directory],
    ]);
    const idle = { active: ["Timeout"], sockets: 0 };
    expect(JSON.parse(stdout)).toEqual({ rounds: [idle, idle], checks: 2, after: 0 });
  },
);
