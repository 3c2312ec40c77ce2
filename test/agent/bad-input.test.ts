/** What can be wrong with what is published, what a machine has, and what a program does: a typed error or healed, and the installed version still starts. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Agent, InstallPlace } from "@dtuf/agent";
import { encodeAgentRelease } from "@dtuf/agent/release";
import type { TargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { armFileFault } from "@dtuf/testing/file-faults/file-faults";
import { failAtEachCall } from "@dtuf/testing/file-faults/file-trials";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveOf } from "./archive-bytes.ts";
import { createAgentScene, installNewest, releaseOf, stageNewest, type AgentScene } from "./scene.ts";

let scene: AgentScene;
beforeEach(async () => {
  scene = await createAgentScene();
  await scene.publish("1.0.0", Buffer.from("one"));
  await installNewest(scene.agent());
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

async function expectStarts(content = "one"): Promise<void> {
  expect(await scene.installed()).toBe(content);
}

describe("what is published", () => {
  test.each(["1.4", "v1.4.0", "1.4.0.0", "01.4.0", "latest", "", " 1.4.0"])(
    "a version that is no semantic version (%j) is refused by the publisher, and passed over by machines",
    async (version) => {
      expect(() => encodeAgentRelease(releaseOf(version))).toThrow(
        expect.objectContaining({ code: "AGENT_RELEASE_INVALID" }),
      );
      const { release } = encodeAgentRelease(releaseOf("9.0.0"));
      scene.sim.addTarget("app/bad", Buffer.from("bad"), { custom: { release: { ...(release as object), version } } });
      await scene.publish("1.1.0", Buffer.from("two"));
      expect(await scene.agent().update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.1.0" });
      expect(scene.events).toContainEqual(expect.objectContaining({ kind: "release-skipped", path: "app/bad" }));
    },
  );

  test("two releases of one version are refused, also if build metadata tells them apart", async () => {
    await scene.publish("1.1.0+a", Buffer.from("two"));
    await scene.publish("1.1.0+b", Buffer.from("other"));
    await expectRefused(scene.agent().check(), "AGENT_RELEASE_AMBIGUOUS");
    await expectStarts();
  });

  test("a rollout that goes down takes nothing back from a machine that has the release", async () => {
    await scene.publish("1.1.0", Buffer.from("two"), { rollout: 100 });
    await installNewest(scene.agent());
    await scene.publish("1.1.0", Buffer.from("two"), { rollout: 0 });
    expect(await scene.agent().update()).toEqual({ kind: "current" });
    await expectStarts("two");
  });

  test("a role makes releases of those names alone whose folder was delegated to it", async () => {
    scene.sim.addDelegation("targets", { name: "docs", paths: ["docs/*", "app/docs/*"] });
    const custom = encodeAgentRelease(releaseOf("9.0.0"));
    for (const path of ["docs/app", "app/docs/app"])
      scene.sim.addTarget(path, Buffer.from("evil"), { role: "docs", custom });
    await scene.sim.publishRelease();
    expect(await scene.agent().update()).toEqual({ kind: "current" });
    const error = expect.objectContaining({ code: "AGENT_RELEASE_INVALID" }) as unknown;
    for (const path of ["docs/app", "app/docs/app"])
      expect(scene.events).toContainEqual({ kind: "release-skipped", path, error });
    await expectStarts();
  });

  test.each(["revoked", "withdrawn"])(
    "a version that was %s while it waited is not installed any more",
    async (how) => {
      await scene.publish("1.1.0", Buffer.from("two"));
      const agent = scene.agent();
      await stageNewest(agent);
      if (how === "revoked") await scene.publish("1.1.0", Buffer.from("two"), { revoked: true });
      else {
        scene.sim.targets.targets.delete("app/1.1.0" as TargetPath);
        await scene.sim.publishRelease();
      }
      expect((await agent.check()).update).toBe(undefined);
      await expectRefused(agent.apply(), "AGENT_NOT_PENDING");
      await expectStarts();
    },
  );

  test("a channel that does not exist is an error of its own", async () => {
    await expectRefused(scene.agent({ channels: ["beta"] }).update(), "AGENT_CHANNEL_UNKNOWN");
    expect(() => scene.agent({ channels: ["no channel"] })).toThrow(
      expect.objectContaining({ code: "AGENT_RELEASE_INVALID" }),
    );
    await expectRefused(scene.agent({ name: "other" }).update(), "AGENT_RELEASE_UNKNOWN");
    await expectStarts();
  });
});

describe("a health check", () => {
  test("that hangs is a failure at its deadline, is told to stop, and the version before is installed again", async () => {
    await scene.publish("1.1.0", Buffer.from("two"));
    let told = false;
    const hangs = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
      signal.addEventListener("abort", () => (told = true));
      return new Promise(() => undefined);
    };
    const agent = scene.agent({ healthMs: 30 });
    await expectRefused(agent.update({ healthCheck: hangs }), "AGENT_UNHEALTHY", { retryable: false });
    expect(told).toBe(true);
    await expectStarts();
    expect(await agent.update()).toEqual({ kind: "current" });
  });

  test("that fails for the first version of all leaves it, and lets a newer one come", async () => {
    await using fresh = await createAgentScene();
    await fresh.publish("1.0.0", Buffer.from("bad"));
    await expectRefused(fresh.agent().update({ healthCheck: () => false }), "AGENT_UNHEALTHY");
    expect(fresh.events.at(-1)).toEqual({ kind: "abandoned", version: "1.0.0" });
    await fresh.publish("1.0.1", Buffer.from("good"));
    expect(await fresh.agent().update({ healthCheck: () => true })).toEqual({ kind: "installed", version: "1.0.1" });
    expect(await fresh.installed()).toBe("good");
  });

  test("that never comes: a first version that starts too often is given up, and a newer one comes", async () => {
    await using fresh = await createAgentScene();
    await fresh.publish("1.0.0", Buffer.from("bad"));
    const agent = fresh.agent({ startsMax: 1 });
    await agent.update();
    await agent.recover();
    expect((await agent.recover()).pending).toBe(undefined);
    await fresh.publish("1.0.1", Buffer.from("good"));
    expect(await agent.update()).toEqual({ kind: "installed", version: "1.0.1" });
  });
});

describe("a revert", () => {
  test("without a predecessor is refused", async () => {
    await expectRefused(scene.agent().revert(), "AGENT_NO_PREDECESSOR");
    await expectStarts();
  });

  test("to a predecessor whose kept bytes were changed is refused, and the installed version stays", async () => {
    await scene.publish("1.1.0", Buffer.from("two"));
    const agent = scene.agent();
    await installNewest(agent);
    const keep = join(scene.home, "bin", ".app.dtuf");
    const [kept = ""] = (await readdir(keep)).filter((name) => name.startsWith("kept-"));
    await writeFile(join(keep, kept), "bad");
    await expectRefused(agent.revert(), "AGENT_NO_PREDECESSOR");
    await expectStarts("two");
  });
});

describe("a clock that jumps", () => {
  test("back is refused with COPY_CLOCK_SUSPECT, and the installed version stays", async () => {
    await scene.publish("1.1.0", Buffer.from("two"));
    scene.clock.advance({ days: -40 });
    await expectRefused(scene.agent().update(), "COPY_CLOCK_SUSPECT");
    await expectStarts();
  });

  test("beyond every expiry is refused with TUF_EXPIRED, records nothing, and heals when it is right again", async () => {
    await scene.publish("1.1.0", Buffer.from("two"));
    const record = await readFile(join(scene.home, "agent", "agent.json"), "utf8");
    scene.clock.advance({ days: 40_000 });
    await expectRefused(scene.agent().update(), "TUF_EXPIRED");
    expect(await readFile(join(scene.home, "agent", "agent.json"), "utf8")).toBe(record);
    scene.clock.advance({ days: -40_000 });
    expect(await scene.agent().update()).toEqual({ kind: "installed", version: "1.1.0" });
  });
});

describe("a slot that is full", () => {
  const place = (home: string): InstallPlace => ({ kind: "archive", directory: join(home, "device") });
  const current = async (): Promise<string> => {
    const slot = (await readFile(join(scene.home, "device", "current"), "utf8")).trim();
    return readFile(join(scene.home, "device", slot, "app"), "utf8");
  };

  test("at any write of an unpacking is FILE_NO_SPACE, leaves nothing of it, and the next call installs it", async () => {
    const agent = scene.agent({ install: place(scene.home), directory: join(scene.home, "agent-2") });
    await scene.publish("1.1.0", await archiveOf("tar", [{ name: "app", content: "slot one" }]));
    await installNewest(agent);
    await scene.publish("1.2.0", await archiveOf("tar", [{ name: "app", content: "slot two" }]));
    await stageNewest(agent);
    for (let at = 1, isFull = true; isFull; at++) {
      const fault = await armFileFault({ root: join(scene.home, "device", "slots"), kind: "full", at });
      const code = await outcomeOf(agent);
      fault.disarm();
      isFull = code !== "fine";
      const names = await readdir(join(scene.home, "device", "slots"));
      const { pending } = await agent.pending();
      expect([code, await current(), names.length, pending?.phase]).toEqual(
        isFull ? ["FILE_NO_SPACE", "slot one", 2, "staged"] : ["fine", "slot two", 4, "applied"],
      );
      expect(at).toBeLessThan(100);
    }
  });
});

async function outcomeOf(agent: Agent): Promise<string> {
  return agent.apply().then(
    () => "fine",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );
}

test.each(["ENOSPC", "EIO", "EROFS"] as const)(
  "%s at any file call of an update is a typed error, and the old version or the new one is installed whole",
  { timeout: 300_000 },
  async (kind) => {
    await scene.publish("1.1.0", Buffer.from("two"));
    const calls = await failAtEachCall({
      kind,
      before: scene.home,
      run: async (home) => {
        await scene.agent({ home }).update({ healthCheck: () => true });
      },
      async check(home, outcome) {
        const installed = await readFile(join(home, "bin", "app"), "utf8");
        expect(["one", "two"]).toContain(installed);
        expect(outcome).toMatch(/^(?:fine|FILE_[A-Z_]+|COPY_[A-Z_]+|AGENT_[A-Z_]+)$/);
        const agent = scene.agent({ home });
        if ((await agent.recover()).pending?.phase === "applied") await agent.confirm();
        await agent.update({ healthCheck: () => true });
        const { reverted } = await agent.pending();
        expect(await readFile(join(home, "bin", "app"), "utf8")).toBe(reverted.includes("1.1.0") ? "one" : "two");
      },
    });
    expect(calls).toBeGreaterThan(30);
  },
);
