import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { createCopy } from "@dtuf/copy";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createSimulatorSource, type SimulatorSourceOptions } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { bytesOf } from "@dtuf/testing/oci-content";
import { pack } from "tar-stream";
import { beforeEach, describe, expect, test } from "vitest";
import { createAgent } from "./agent.ts";
import type { Agent, AgentOptions, InstallPlace } from "./contract.ts";
import type { AgentEvent } from "./events.ts";
import { encodeAgentRelease, type AgentRelease } from "./release/release.ts";

const home = useDirectory();
let sim: TufSimulator;
let clock: FixedClock;
let events: AgentEvent[];

beforeEach(async () => {
  sim = await createTufSimulator();
  clock = createFixedClock("2030-01-02T00:00:00Z");
  events = [];
});

const program = (version: string): Buffer => Buffer.from(`#!/bin/sh\necho ${version}\n`);

async function publish(version: string, bytes: Uint8Array, more: Partial<AgentRelease> = {}): Promise<void> {
  const custom = encodeAgentRelease({
    ...{ name: "app", version, channel: "stable", platform: undefined, rollout: 100, seed: version },
    ...{ published: new Date("2030-01-01T00:00:00Z"), critical: false, minimum: undefined, notes: undefined },
    ...{ supportUntil: undefined, revoked: false, rollback: undefined, ...more },
  });
  sim.addTarget(`app/${version}`, bytes, { custom });
  await sim.publishRelease();
}

type Given = Partial<Omit<AgentOptions, "copy">> & SimulatorSourceOptions;

function createTestAgent({ answer, target, ...options }: Given = {}): Agent {
  const source = createSimulatorSource(sim, { ...(answer && { answer }), ...(target && { target }) });
  const root = sim.files.get("1.root.json") ?? new Uint8Array();
  const copy = createCopy({ source, place: "sim", root, directory: join(home, "copy"), now: clock.now });
  const install: InstallPlace = { kind: "executable", path: join(home, "bin", "app") };
  const onEvent = (event: AgentEvent): void => void events.push(event);
  return createAgent({
    copy,
    directory: join(home, "agent"),
    name: "app",
    install,
    now: clock.now,
    onEvent,
    ...options,
  });
}

async function stageNewest(agent: Agent): Promise<void> {
  const { update } = await agent.check();
  if (update === undefined) throw new TypeError("there is no update");
  await agent.stage(update);
}

async function install(agent: Agent): Promise<void> {
  await stageNewest(agent);
  await agent.apply();
  await agent.confirm();
}

const installed = (): Promise<string> => readFile(join(home, "bin", "app"), "utf8");

async function withTwoVersions(): Promise<Agent> {
  await mkdir(join(home, "bin"), { recursive: true });
  await publish("1.0.0", program("1.0.0"));
  const agent = createTestAgent();
  await install(agent);
  await publish("1.1.0", program("1.1.0"));
  return agent;
}

describe("an executable", () => {
  test("is checked, staged, applied and confirmed, and reports each", async () => {
    const agent = await withTwoVersions();
    events = [];
    await install(agent);
    expect(await installed()).toContain("1.1.0");
    expect((await stat(join(home, "bin", "app"))).mode & 0o111).toBe(0o111);
    expect(events.map(({ kind }) => kind).filter((kind) => kind !== "progress")).toEqual([
      ...["checked", "staged", "applied", "confirmed"],
    ]);
    expect((await agent.check()).update).toBe(undefined);
    expect(await agent.pending()).toMatchObject({ installed: { version: "1.1.0" }, previous: { version: "1.0.0" } });
  });

  test("that an installer put there is the predecessor, which a failed update goes back to, and is never downgraded", async () => {
    await mkdir(join(home, "bin"), { recursive: true });
    await writeFile(join(home, "bin", "app"), program("1.0.5"), { mode: 0o755 });
    await publish("1.0.0", program("1.0.0"));
    const agent = createTestAgent({ installedVersion: "1.0.5" });
    expect((await agent.check()).update).toBe(undefined);
    await publish("1.1.0", program("1.1.0"));
    await stageNewest(agent);
    await expectRefused(agent.apply({ healthCheck: () => false }), "AGENT_UNHEALTHY");
    expect(await installed()).toContain("1.0.5");
  });

  test("is reverted on request, and the reverted version does not come back by itself", async () => {
    const agent = await withTwoVersions();
    await install(agent);
    await agent.revert();
    expect(await installed()).toContain("1.0.0");
    expect((await agent.check()).passedOver).toEqual([{ version: "1.1.0", reason: "reverted" }]);
    expect((await agent.check({ isAsked: true })).update?.release.version).toBe("1.1.0");
    await expectRefused(agent.revert(), "AGENT_NO_PREDECESSOR");
  });

  test.each<[string, () => Promise<boolean>]>([
    ["answers false", async () => false],
    ["throws", () => Promise.reject(new TypeError("crashed"))],
    ["hangs", () => new Promise<never>(() => undefined)],
  ])("whose health check %s is reverted automatically", async (_how, healthCheck) => {
    await withTwoVersions();
    const agent = createTestAgent({ healthMs: 50 });
    await stageNewest(agent);
    await expectRefused(agent.apply({ healthCheck }), "AGENT_UNHEALTHY");
    expect(await installed()).toContain("1.0.0");
    expect(await agent.pending()).toMatchObject({ installed: { version: "1.0.0" }, pending: undefined });
  });

  test("that is healthy is confirmed by apply", async () => {
    const agent = await withTwoVersions();
    await stageNewest(agent);
    const status = await agent.apply({
      healthCheck: async ({ path }) => (await readFile(path, "utf8")).includes("1.1.0"),
    });
    expect(status).toMatchObject({ installed: { version: "1.1.0" }, pending: undefined });
  });

  test("that starts again and again without a confirmation is reverted by recover", async () => {
    await withTwoVersions();
    const agent = createTestAgent({ startsMax: 2 });
    await stageNewest(agent);
    await agent.apply();
    await agent.recover();
    expect((await agent.recover()).installed?.version).toBe("1.1.0");
    expect((await agent.recover()).installed?.version).toBe("1.0.0");
    expect(events).toContainEqual({ kind: "reverted", version: "1.1.0", to: "1.0.0", reason: "starts" });
  });

  test("leaves what else is in the directory beside it, and removes what it made itself [T280]", async () => {
    const beside = join(home, "bin", ".app.dtuf");
    await mkdir(join(beside, "mine"), { recursive: true });
    await writeFile(join(beside, "mine", "db"), "precious");
    const agent = await withTwoVersions();
    await install(agent);
    await publish("1.2.0", program("1.2.0"));
    await install(agent);
    expect(await readFile(join(beside, "mine", "db"), "utf8")).toBe("precious");
    expect((await readdir(beside)).toSorted()).toEqual([
      expect.stringMatching(/^kept-[0-9a-f]{64}$/) as string,
      "mine",
    ]);
  });

  test("that was changed after it was staged is not installed", async () => {
    const agent = await withTwoVersions();
    await stageNewest(agent);
    const staging = join(home, "bin", ".app.dtuf");
    const [staged = ""] = (await readdir(staging)).filter((name) => name.startsWith("staged-"));
    await chmod(join(staging, staged), 0o600);
    await writeFile(join(staging, staged), Buffer.from(program("1.1.0")).fill("x"));
    await expectRefused(agent.apply(), "AGENT_STAGED_DIFFERS");
    expect(await installed()).toContain("1.0.0");
    expect((await agent.pending()).pending).toBe(undefined);
  });

  test("follows a signed rollback, which newer metadata states", async () => {
    const agent = await withTwoVersions();
    await install(agent);
    await publish("1.1.0", program("1.1.0"), { revoked: true, rollback: "1.0.0" });
    expect((await agent.check()).update).toMatchObject({ kind: "rollback", release: { version: "1.0.0" } });
    await install(agent);
    expect(await installed()).toContain("1.0.0");
    expect((await agent.check()).update).toBe(undefined);
  });

  test("is not offered while it is postponed or skipped, unless a person asks", async () => {
    const agent = await withTwoVersions();
    await agent.postpone(new Date("2030-01-03T00:00:00Z"));
    expect((await agent.check()).update).toBe(undefined);
    expect((await agent.check({ isAsked: true })).update?.release.version).toBe("1.1.0");
    clock.advance({ days: 1, seconds: 1 });
    expect((await agent.check()).update?.release.version).toBe("1.1.0");
    await agent.skip("1.1.0");
    expect((await agent.check()).update).toBe(undefined);
  });

  test("critical has no effect if the timestamp's key can sign targets", async () => {
    await withTwoVersions();
    await publish("1.2.0", program("1.2.0"), { critical: true });
    const agent = createTestAgent({ cooldownMs: 7 * 86_400_000 });
    expect((await agent.check()).update?.release.version).toBe("1.2.0");
    const [online] = sim.signers.get("timestamp") ?? [];
    if (online === undefined) throw new TypeError("the simulator has no timestamp key");
    sim.addSigner("targets", online);
    sim.root.version = 2;
    await sim.publishRoot();
    await sim.publishRelease();
    expect((await agent.check()).update).toBe(undefined);
  });
});

describe("what goes wrong", () => {
  test("calls out of order are refused with AGENT_NOT_PENDING and change nothing", async () => {
    const agent = await withTwoVersions();
    await expectRefused(agent.apply(), "AGENT_NOT_PENDING");
    await expectRefused(agent.confirm(), "AGENT_NOT_PENDING");
    expect(await installed()).toContain("1.0.0");
  });

  test("a malformed release is passed over and reported, and the others are offered", async () => {
    const agent = await withTwoVersions();
    sim.addTarget("app/bad", Buffer.from("x"), { custom: { release: { format: 1, name: "app", version: "2.0" } } });
    await sim.publishRelease();
    events = [];
    expect((await agent.check()).update?.release.version).toBe("1.1.0");
    expect(events).toContainEqual(expect.objectContaining({ kind: "release-skipped", path: "app/bad" }));
  });

  test("an aborted call throws the signal's reason, and leaves what is installed", async () => {
    const agent = await withTwoVersions();
    const { update } = await agent.check();
    if (update === undefined) throw new TypeError("there is no update");
    const signal = AbortSignal.abort(new TypeError("stop"));
    await expect(agent.stage(update, { signal })).rejects.toThrow("stop");
    await expect(agent.check({ signal })).rejects.toThrow("stop");
    expect(await installed()).toContain("1.0.0");
  });

  test("a state of another version is refused, and is not replaced", async () => {
    const agent = await withTwoVersions();
    await writeFile(join(home, "agent", "agent.json"), '{"stateVersion":2}');
    await expectRefused(agent.check(), "AGENT_STATE_FOREIGN");
    expect(await readFile(join(home, "agent", "agent.json"), "utf8")).toBe('{"stateVersion":2}');
  });

  test("a watcher sees the events of a call, and ends with its signal", async () => {
    const agent = await withTwoVersions();
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { kind } of agent.watch(stop.signal)) {
        seen.push(kind);
        if (kind === "confirmed") stop.abort();
      }
    })();
    await install(agent);
    await watching;
    expect(seen).toEqual(expect.arrayContaining(["checked", "progress", "staged", "applied", "confirmed"]));
  });
});

describe("an archive", () => {
  const slots = (): InstallPlace => ({
    kind: "archive",
    directory: join(home, "slots-home"),
    unpackedMaxBytes: 10_000,
  });
  const current = async (): Promise<string> =>
    join(home, "slots-home", (await readFile(join(home, "slots-home", "current"), "utf8")).trim());

  type Entry = Parameters<ReturnType<typeof pack>["entry"]>[0];
  async function archive(...entries: readonly (readonly [Entry, string?])[]): Promise<Buffer> {
    const tar = pack();
    for (const [header, content = ""] of entries) tar.entry({ mode: 0o755, ...header }, content);
    tar.finalize();
    return bytesOf(tar as AsyncIterable<Uint8Array>);
  }

  test("of tar and of tar.zst is unpacked into slots, and the slot before is kept", async () => {
    await publish(
      "1.0.0",
      await archive([{ name: "bin/app" }, "one"], [{ name: "app", type: "symlink", linkname: "bin/app" }]),
    );
    const agent = createTestAgent({ install: slots() });
    await install(agent);
    expect(await readFile(join(await current(), "app"), "utf8")).toBe("one");
    await publish("1.1.0", zstdCompressSync(await archive([{ name: "bin/app" }, "two"])));
    await install(agent);
    expect(await readFile(join(await current(), "bin", "app"), "utf8")).toBe("two");
    await agent.revert();
    expect(await readFile(join(await current(), "app"), "utf8")).toBe("one");
  });

  test.each<[string, readonly (readonly [Entry, string?])[]]>([
    ["a name that climbs out", [[{ name: "../outside" }, "x"]]],
    ["a name from the root", [[{ name: "/tmp/outside" }, "x"]]],
    ["a link out of it", [[{ name: "a", type: "symlink", linkname: "../../outside" }]]],
    ["a link to the root", [[{ name: "a", type: "symlink", linkname: "/etc" }]]],
    ["a link in the middle of a path", [[{ name: "a", type: "symlink", linkname: "b" }], [{ name: "a/c" }, "x"]]],
    [
      "a file below a file",
      [
        [{ name: "a" }, "x"],
        [{ name: "a/c" }, "x"],
      ],
    ],
    [
      "a name twice, in other cases",
      [
        [{ name: "a" }, "x"],
        [{ name: "A" }, "y"],
      ],
    ],
    ["a hard link", [[{ name: "a", type: "link", linkname: "/etc/passwd" }]]],
    ["a device", [[{ name: "a", type: "character-device" }]]],
    ["more bytes than are allowed", [[{ name: "a" }, "x".repeat(10_001)]]],
  ])("with %s is refused, and nothing of it is left", async (_what, entries) => {
    await publish("1.0.0", await archive([{ name: "app" }, "one"]));
    const agent = createTestAgent({ install: slots() });
    await install(agent);
    await publish("1.1.0", await archive(...entries));
    await stageNewest(agent);
    await expectRefused(agent.apply(), "AGENT_ARCHIVE_INVALID");
    expect(await readFile(join(await current(), "app"), "utf8")).toBe("one");
    expect((await readdir(join(home, "slots-home", "slots"))).length).toBe(2);
    expect(await readdir(home)).not.toContain("outside");
    expect((await agent.pending()).pending).toBe(undefined);
  });

  test("leaves what else is in its directories, and removes what it made itself [T280]", async () => {
    const root = join(home, "slots-home");
    const own = ["slots/mine", "staging/customers"].map((name) => join(root, name));
    for (const directory of own) {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "db"), "precious");
    }
    const cut = [`staging/.dtuf-${"a".repeat(32)}.partial`, `slots/${"b".repeat(64)}.new`];
    for (const name of cut) await writeFile(join(root, name), "");
    for (const version of ["1.0.0", "1.1.0", "1.2.0"]) {
      await publish(version, await archive([{ name: "app" }, version]));
      await install(createTestAgent({ install: slots() }));
    }
    for (const directory of own) expect(await readFile(join(directory, "db"), "utf8")).toBe("precious");
    expect(await readdir(join(root, "staging"))).toEqual(["customers"]);
    expect((await readdir(join(root, "slots"))).length).toBe(5);
  });

  test("is not installed if another program's file has the name of its pointer, which stays [T280]", async () => {
    await mkdir(join(home, "slots-home"));
    await writeFile(join(home, "slots-home", "current"), "mine");
    await publish("1.0.0", await archive([{ name: "app" }, "one"]));
    const agent = createTestAgent({ install: slots() });
    await stageNewest(agent);
    await expectRefused(agent.apply(), "AGENT_STATE_FOREIGN");
    expect(await readFile(join(home, "slots-home", "current"), "utf8")).toBe("mine");
    expect(await readdir(join(home, "slots-home", "slots"))).toEqual([]);
    expect((await agent.pending()).installed).toBe(undefined);
  });

  test("whose headers alone are beyond its limit is refused", async () => {
    const pax = { comment: "x".repeat(3_000_000) };
    await publish("1.0.0", zstdCompressSync(await archive([{ name: "app", pax }, "one"])));
    const agent = createTestAgent({ install: { ...slots(), entriesMax: 10 } as InstallPlace });
    await stageNewest(agent);
    await expectRefused(agent.apply(), "AGENT_ARCHIVE_INVALID");
  });

  test("that is a bomb is refused at its limit", async () => {
    await publish("1.0.0", zstdCompressSync(await archive([{ name: "app" }, "0".repeat(5_000_000)])));
    const agent = createTestAgent({ install: slots() });
    await stageNewest(agent);
    await expectRefused(agent.apply(), "AGENT_ARCHIVE_INVALID");
    expect(await readdir(join(home, "slots-home", "slots"))).toEqual([]);
  });
});
