/** What lies at the place of a program before an installation: kept whatever its version, and installed again if the new one fails. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatMessage, messageOfEvent, type Agent } from "@dtuf/agent";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAgentScene, installNewest, stageNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
let agent: Agent;
beforeEach(async () => {
  scene = await createAgentScene();
  agent = scene.agent({ startsMax: 1 });
});
afterEach(() => scene[Symbol.asyncDispose]());

const putByHand = (bytes: string): Promise<void> => writeFile(join(scene.home, "bin", "app"), bytes);
const sick = { healthCheck: (): boolean => false };

async function kept(): Promise<readonly string[]> {
  const beside = join(scene.home, "bin", ".app.dtuf");
  const names = (await readdir(beside)).filter((name) => name.startsWith("kept-"));
  return Promise.all(names.map((name) => readFile(join(beside, name), "utf8")));
}

describe("a program whose version nobody said", () => {
  beforeEach(async () => {
    await putByHand("by an installer");
    await scene.publish("1.4.0", Buffer.from("1.4.0"));
    await scene.publish("1.5.0", Buffer.from("1.5.0"));
  });

  test.each<[string, () => Promise<unknown>]>([
    ["fails its health check", () => expectRefused(agent.update(sick), "AGENT_UNHEALTHY")],
    ["is reverted on request", () => installNewest(agent).then(() => agent.revert())],
    ["is reverted before its confirmation", () => agent.update().then(() => agent.revert())],
    ["starts too often", () => agent.update().then(() => agent.recover().then(() => agent.recover()))],
  ])("is installed again if the first update %s, and no older release replaces it", async (_how, fails) => {
    await fails();
    expect(await scene.installed()).toBe("by an installer");
    expect(await agent.pending()).toMatchObject({ installed: undefined, previous: undefined, reverted: ["1.5.0"] });
    const last = scene.events.at(-1);
    expect(last).toMatchObject({ kind: "reverted", version: "1.5.0", to: "unknown" });
    expect(last && formatMessage(messageOfEvent(last))).toContain("there before it is installed again");
    expect(await agent.update(sick)).toEqual({ kind: "current" });
    expect(await scene.installed()).toBe("by an installer");
    await scene.publish("1.6.0", Buffer.from("1.6.0"));
    expect(await agent.update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.6.0" });
  });
});

describe("a program that was replaced by hand", () => {
  beforeEach(async () => {
    await scene.publish("1.0.0", Buffer.from("1.0.0"));
    await installNewest(agent);
    await putByHand("patched");
    await scene.publish("1.1.0", Buffer.from("1.1.0"));
  });

  test("is installed again if the update over it fails", async () => {
    await expectRefused(agent.update(sick), "AGENT_UNHEALTHY");
    expect(await scene.installed()).toBe("patched");
    expect((await agent.pending()).installed?.version).toBe("1.0.0");
    expect(await agent.update(sick)).toEqual({ kind: "current" });
  });

  test("is installed again on request, and is the version before until then", async () => {
    await installNewest(agent);
    expect((await agent.pending()).previous?.version).toBe("1.0.0");
    expect((await agent.revert()).previous).toBe(undefined);
    expect(await scene.installed()).toBe("patched");
  });

  test("after the update too is kept beside it when it is reverted", async () => {
    await stageNewest(agent);
    await agent.apply();
    await putByHand("patched again");
    await agent.revert();
    expect(await scene.installed()).toBe("patched");
    expect(await kept()).toContain("patched again");
  });
});

test("a program that was deleted is reported and installed again, and the version before it is still kept", async () => {
  for (const version of ["1.0.0", "1.1.0"]) {
    await scene.publish(version, Buffer.from(version));
    await installNewest(agent);
  }
  const path = join(scene.home, "bin", "app");
  await rm(path);
  expect(await agent.inspect()).toBe("missing");
  expect(await agent.update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.1.0" });
  expect(scene.events).toContainEqual({ kind: "differs", condition: "missing", version: "1.1.0", path });
  expect(await scene.installed()).toBe("1.1.0");
  expect(await agent.inspect()).toBe("whole");
  expect((await agent.revert()).installed?.version).toBe("1.0.0");
  expect(await scene.installed()).toBe("1.0.0");
});

test("a program that was changed by hand is reported in each check, and is left as it is", async () => {
  await scene.publish("1.0.0", Buffer.from("1.0.0"));
  await installNewest(agent);
  await putByHand("patched");
  expect(await agent.update()).toEqual({ kind: "current" });
  const path = join(scene.home, "bin", "app");
  expect(scene.events).toContainEqual({ kind: "differs", condition: "changed", version: "1.0.0", path });
  expect(await scene.installed()).toBe("patched");
});

test("of a program that was deleted, nothing is promised as the version before", async () => {
  await scene.publish("1.0.0", Buffer.from("1.0.0"));
  await installNewest(agent);
  await scene.publish("1.1.0", Buffer.from("1.1.0"));
  await stageNewest(agent);
  await rm(join(scene.home, "bin", "app"));
  expect((await agent.apply()).previous).toBe(undefined);
  await expectRefused(agent.revert(), "AGENT_NO_PREDECESSOR");
});
