/** When an update happens: what the user and the machine say, and what holds back nobody who asks. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import type { AgentPolicy } from "@dtuf/agent";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAgentScene, installNewest, stageNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
beforeEach(async () => {
  scene = await createAgentScene();
  await scene.publish("1.0.0", Buffer.from("one"));
  await installNewest(scene.agent());
  await scene.publish("1.1.0", Buffer.from("two"));
  scene.events.length = 0;
});
afterEach(() => scene[Symbol.asyncDispose]());

const held = (): readonly unknown[] => scene.events.filter(({ kind }) => kind === "held");

describe("an update that nobody asked for", () => {
  test("is not offered after an opt-out, which is kept, until an opt-in", async () => {
    await scene.agent().optOut();
    const agent = scene.agent();
    expect(await agent.pending()).toMatchObject({ isOptedOut: true });
    expect(await agent.check()).toMatchObject({ update: undefined, held: { reason: "opted-out" } });
    expect(await agent.update()).toMatchObject({ kind: "held", hold: { reason: "opted-out" } });
    expect((await agent.check({ isAsked: true })).update?.release.version).toBe("1.1.0");
    await agent.optIn();
    expect((await agent.check()).update?.release.version).toBe("1.1.0");
  });

  test("is not offered before the end of a postponement, and the end is told", async () => {
    const agent = scene.agent();
    const until = new Date("2030-01-03T00:00:00Z");
    await agent.postpone(until);
    expect((await agent.check()).held).toEqual({ reason: "postponed", until });
    expect(await agent.pending()).toMatchObject({ postponedUntil: until });
    scene.clock.advance({ days: 1, seconds: 1 });
    expect((await agent.check()).held).toBe(undefined);
  });

  test.each<[string, AgentPolicy]>([
    ["metered", { isMetered: () => true }],
    ["program", { mayDownload: async () => false }],
  ])(
    "is offered and not downloaded if the hook for %s says so, and no byte of it is fetched",
    async (reason, policy) => {
      const fetched: string[] = [];
      const target = (path: string): Uint8Array | undefined => (fetched.push(path), scene.sim.targetFiles.get(path));
      const agent = scene.agent({ policy, target });
      const { update } = await agent.check();
      if (update === undefined) throw new TypeError("there is no update");
      await expect(agent.stage(update)).rejects.toMatchObject({
        code: "AGENT_HELD",
        retryable: true,
        details: { reason },
      });
      expect(fetched).toEqual([]);
      expect((await agent.pending()).pending).toBe(undefined);
      expect(held()).toEqual([{ kind: "held", step: "download", version: "1.1.0", reason, until: undefined }]);
      expect((await agent.stage(update, { isAsked: true })).pending?.phase).toBe("staged");
    },
  );

  test.each<[string, AgentPolicy]>([
    ["battery", { isOnBattery: async () => true }],
    ["program", { mayInstall: () => false }],
    ["window", { window: { from: "02:00", to: "04:00", zone: "utc" } }],
  ])("is downloaded and not installed if the policy for %s says so, until a person asks", async (reason, policy) => {
    const agent = scene.agent({ policy });
    await stageNewest(agent);
    await expect(agent.apply()).rejects.toMatchObject({ code: "AGENT_HELD", details: { reason, version: "1.1.0" } });
    expect(await scene.installed()).toBe("one");
    expect((await agent.pending()).pending).toMatchObject({ version: "1.1.0", phase: "staged" });
    await agent.apply({ isAsked: true });
    expect(await scene.installed()).toBe("two");
  });

  test("is installed when its window opens, in a later round, without a second download", async () => {
    const agent = scene.agent({ policy: { window: { from: "22:00", to: "04:00", zone: "utc" } } });
    scene.clock.advance({ hours: 5 });
    const until = new Date("2030-01-02T22:00:00Z");
    expect(await agent.update()).toEqual({ kind: "held", hold: { reason: "window", until } });
    scene.clock.advance({ hours: 17 });
    scene.sim.targetFiles.clear();
    expect(await agent.update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.1.0" });
    expect(await scene.installed()).toBe("two");
  });

  test("does not follow a hook that throws: the call ends with its error, and nothing changes", async () => {
    const agent = scene.agent({ policy: { isOnBattery: () => Promise.reject(new TypeError("no battery service")) } });
    await expect(agent.update()).rejects.toThrow("no battery service");
    expect(await scene.installed()).toBe("one");
  });
});

test.each([
  ["without an end", { from: "03:00", to: "03:00" }],
  ["of no hour of a day", { from: "24:00", to: "03:00" }],
  ["of no time", { from: "3pm", to: "03:00" }],
])("a window %s is refused before anything is done", (_what, window) => {
  expect(() => scene.agent({ policy: { window } })).toThrow(expect.objectContaining({ code: "AGENT_WINDOW_INVALID" }));
});

test("a version that was reverted or skipped comes back only if a person asks", async () => {
  const agent = scene.agent();
  await installNewest(agent);
  await agent.revert();
  expect(await agent.pending()).toMatchObject({ reverted: ["1.1.0"] });
  expect((await agent.check()).passedOver).toEqual([{ version: "1.1.0", reason: "reverted" }]);
  await scene.publish("1.2.0", Buffer.from("three"));
  expect(await agent.skip("1.2.0")).toMatchObject({ skipped: ["1.2.0"] });
  expect(await agent.update()).toEqual({ kind: "current" });
  expect(await agent.update({ isAsked: true, healthCheck: () => true })).toEqual({
    kind: "installed",
    version: "1.2.0",
  });
});

test("a person who asks is not held back by a rollout", async () => {
  await scene.publish("1.2.0", Buffer.from("three"), { rollout: 0 });
  expect((await scene.agent().check()).update?.release.version).toBe("1.1.0");
  expect((await scene.agent().check({ isAsked: true })).update?.release.version).toBe("1.2.0");
});

test("the wait of a release ends by both clocks, and a record of the future, made by a wrong clock, does not prolong it", async () => {
  const day = 86_400_000;
  const agent = scene.agent({ cooldownMs: 3 * day });
  expect((await agent.check()).passedOver).toEqual([
    { version: "1.1.0", reason: "cooldown", until: new Date("2030-01-05T00:00:00Z") },
  ]);
  await scene.publish("1.2.0", Buffer.from("three"));
  scene.clock.advance({ hours: 10 });
  await agent.check();
  // The client refuses a clock that goes back; the agent's own record outlives the client's.
  scene.clock.advance({ hours: -4 });
  await expectRefused(agent.check(), "COPY_CLOCK_SUSPECT");
  await rm(join(scene.home, "copy"), { recursive: true });
  const again = scene.agent({ cooldownMs: 3 * day });
  expect((await again.check()).passedOver[0]?.until).toEqual(new Date("2030-01-05T06:00:00Z"));
  scene.clock.advance({ days: 3 });
  expect((await again.check()).update?.release.version).toBe("1.2.0");
});
