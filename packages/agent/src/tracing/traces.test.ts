import { subscribe, tracingChannel, unsubscribe, type TracingChannelSubscribers } from "node:diagnostics_channel";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCopy } from "@dtuf/copy";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expect, test } from "vitest";
import { createAgent } from "../agent.ts";
import { encodeAgentRelease } from "../release/release.ts";
import type { AgentCallOutcome, AgentCallTold, AgentEventTold } from "./traces.ts";

type Message = AgentCallTold & { readonly result?: AgentCallOutcome; readonly error?: { readonly code?: string } };

const steps = ["check", "stage", "apply"];

/** `step part version`, and the kinds of the events, in the order in which they are told. */
async function listen(work: () => Promise<unknown>): Promise<readonly string[]> {
  const told: string[] = [];
  const spans = steps.map((step) => {
    const part = (which: string) => (message: Message) =>
      void told.push(`${step} ${which} ${message.name} ${message.result?.version ?? message.error?.code ?? ""}`.trim());
    const quiet = (): void => undefined;
    const all: TracingChannelSubscribers<Message> = {
      start: part("begins"),
      end: quiet,
      asyncStart: quiet,
      asyncEnd: part("ends"),
      error: quiet,
    };
    const span = tracingChannel<unknown, Message>(`dtuf:agent:${step}`);
    span.subscribe(all);
    return () => span.unsubscribe(all);
  });
  const onEvent = (message: unknown): void => {
    const { name, event } = message as AgentEventTold;
    if (event.kind !== "progress") told.push(`event ${name} ${event.kind}`);
  };
  subscribe("dtuf:agent:event", onEvent);
  try {
    await work();
  } finally {
    for (const end of spans) end();
    unsubscribe("dtuf:agent:event", onEvent);
  }
  return told;
}

test("a program's own tracing sees each step of an update, its events, and its error", async () => {
  const home = await mkdtemp(join(tmpdir(), "agent-"));
  try {
    const now = (): Date => new Date("2030-01-02T00:00:00Z");
    const sim = await createTufSimulator();
    const custom = encodeAgentRelease({
      ...{ name: "app", version: "1.0.0", channel: "stable", platform: undefined, rollout: 100, seed: "" },
      ...{ published: new Date("2030-01-01T00:00:00Z"), critical: false, minimum: undefined, notes: undefined },
      ...{ supportUntil: undefined, revoked: false, rollback: undefined },
    });
    sim.addTarget("app/1.0.0", Buffer.from("program"), { custom });
    await sim.publishRelease();
    const root = sim.files.get("1.root.json") ?? new Uint8Array();
    const copy = createCopy({
      ...{ source: createSimulatorSource(sim), place: "sim", root, directory: join(home, "copy"), now },
    });
    const install = { kind: "file", path: join(home, "bin", "app") } as const;
    await mkdir(join(home, "bin"));
    const agent = createAgent({ copy, directory: join(home, "agent"), name: "app", install, now });
    const told = await listen(async () => {
      await agent.update({ healthCheck: () => true });
      await agent.apply().catch(() => undefined);
    });
    expect(told).toEqual([
      ...["check begins app", "event app checked", "check ends app 1.0.0"],
      ...["stage begins app", "event app staged", "stage ends app 1.0.0"],
      ...["apply begins app", "event app applied", "event app confirmed", "apply ends app 1.0.0"],
      ...["apply begins app", "apply ends app AGENT_NOT_PENDING"],
    ]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
