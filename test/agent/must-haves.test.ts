/** What an updater must have and no other test of it shows. docs/updater.md has the whole list. */
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createAgent, type Agent } from "@dtuf/agent";
import { createHostileRegistry, type LoggedRequest } from "@dtuf/testing";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "../cli/machine.ts";
import { createAgentScene, installNewest, stageNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
beforeEach(async () => {
  scene = await createAgentScene();
  await scene.publish("1.0.0", Buffer.from("one"));
  await installNewest(scene.agent());
});
afterEach(() => scene[Symbol.asyncDispose]());

test("an update that the disk has no room for is refused before a byte is fetched, with what is needed and what is free", async () => {
  const fetched: string[] = [];
  const agent = scene.agent({ target: (path) => (fetched.push(path), scene.sim.targetFiles.get(path)) });
  await scene.publish("1.1.0", Buffer.from("two"));
  const length = 2 ** 50;
  for (const [path, file] of scene.sim.targets.targets) scene.sim.targets.targets.set(path, { ...file, length });
  await scene.sim.publishRelease();
  const { update } = await agent.check();
  if (update === undefined) throw new TypeError("there is no update");
  await expectRefused(agent.stage(update), "FILE_NO_SPACE", { details: { needed: 2 * length } });
  expect(fetched).toEqual([]);
  expect(await scene.installed()).toBe("one");
});

test("what is staged lies on the file system of the installation, beside it", async () => {
  await scene.publish("1.1.0", Buffer.from("two"));
  await stageNewest(scene.agent());
  const beside = join(scene.home, "bin", ".app.dtuf");
  const staged = (await readdir(beside)).filter((name) => name.startsWith("staged-"));
  expect(staged).toHaveLength(1);
  expect((await stat(join(beside, staged[0] ?? ""))).dev).toBe((await stat(join(scene.home, "bin", "app"))).dev);
});

test("another channel brings no older version: what is installed goes back by a signed statement alone", async () => {
  await scene.publish("2.0.0", Buffer.from("beta"), { channel: "beta" });
  expect(await scene.agent({ channels: ["beta"] }).update({ healthCheck: () => true })).toMatchObject({
    version: "2.0.0",
  });
  expect(await scene.agent({ channels: ["stable"] }).update()).toEqual({ kind: "current" });
  await scene.publish("2.0.0", Buffer.from("beta"), { channel: "beta", revoked: true, rollback: "1.0.0" });
  const back = scene.agent({ channels: ["stable"] });
  expect((await back.check()).update?.kind).toBe("rollback");
  await installNewest(back);
  expect(await scene.installed()).toBe("one");
});

async function withMachine(
  work: (machine: Machine, agent: Agent, requests: () => readonly LoggedRequest[]) => Promise<void>,
): Promise<void> {
  await using registry = await createHostileRegistry();
  await using machine = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
  await publishDemo(machine, "fred/demo", "Hello World\n");
  await machine.must(["release", "fred/demo", "app", "1.0.0", "-", "--rollout", "100%"], "app");
  await machine.must(["push-metadata", "fred/demo"]);
  const root = (await machine.must(["get-root", "fred/demo", "--output", "-"])).bytes;
  const before = registry.requests.length;
  await using agent = createAgent({
    copy: {
      repository: `${registry.host}/fred/demo`,
      root,
      scheme: "http",
      transport: { userAgent: "acme-updater/7" },
    },
    directory: join(machine.directory, "agent"),
    name: "app",
    install: { kind: "file", path: join(machine.directory, "app") },
  });
  await work(machine, agent, () => registry.requests.slice(before));
}

test("nothing is sent that tells machines apart: requests have the program's name, and no install id or version", async () => {
  await withMachine(async (machine, agent, requests) => {
    expect(await agent.update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.0.0" });
    const state = await readFile(join(machine.directory, "agent", "agent.json"), "utf8");
    const { installId } = JSON.parse(state) as { installId: string };
    expect(installId).toMatch(/^[0-9a-f-]{36}$/);
    const sent = JSON.stringify(requests());
    expect(requests().length).toBeGreaterThanOrEqual(2);
    expect(sent).toContain("acme-updater/7");
    expect(sent).not.toContain(installId);
    for (const request of requests())
      expect(request).toMatchObject({ method: expect.stringMatching(/^(?:GET|HEAD)$/), bodyBytes: 0 });
  });
});

test("a check with nothing new is one request", async () => {
  await withMachine(async (_machine, agent, requests) => {
    await agent.update({ healthCheck: () => true });
    const before = requests().length;
    expect((await agent.check()).update).toBe(undefined);
    expect(requests().slice(before)).toMatchObject([{ method: "HEAD", status: 200 }]);
  });
});

test("an update of an executable fetches what changed, and takes the rest from what is installed", async () => {
  await withMachine(async (machine, agent, requests) => {
    const old = randomBytes(4 << 20);
    const next = Buffer.concat([old.subarray(0, 2 << 20), randomBytes(1000), old.subarray(2 << 20)]);
    let before = 0;
    for (const [version, bytes] of [
      ["2.0.0", old],
      ["2.1.0", next],
    ] as const) {
      await machine.must(["release", "fred/demo", "app", version, "-"], bytes);
      await machine.must(["push-metadata", "fred/demo"]);
      before = requests().length;
      await agent.update({ healthCheck: () => true });
    }
    expect((await readFile(join(machine.directory, "app"))).equals(next)).toBe(true);
    const blob = `/v2/fred/demo/blobs/sha256:${createHash("sha256").update(next).digest("hex")}`;
    const ranges = requests()
      .slice(before)
      .filter(({ path, method }) => path === blob && method === "GET")
      .map(({ headers }) => headers.range);
    expect(ranges).toEqual([expect.stringMatching(/^bytes=\d+-\d+$/)]);
    const [from = 0, to = 0] = (ranges[0] ?? "").slice("bytes=".length).split("-").map(Number);
    expect(to - from).toBeLessThan(1 << 20);
  });
});
