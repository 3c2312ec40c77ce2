import { chmod, chown, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { armFileFault } from "@dtuf/testing/file-faults/file-faults";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createSimulatorSource, type SimulatorSourceOptions } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import type { CopyOptions } from "../calls.ts";
import type { CopyEvent } from "../events.ts";
import { createCopy, type Copy } from "../copy.ts";

const home = useDirectory();
let directory: string;
let sim: TufSimulator;
let clock: FixedClock;
let requests: string[];
let events: CopyEvent[];

beforeEach(async () => {
  directory = join(home, "demo", "copy");
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("hello"));
  await sim.publishRelease();
  clock = createFixedClock("2030-01-02T00:00:00Z");
  events = [];
});

function createTestCopy(options: SimulatorSourceOptions & Pick<CopyOptions, "lock" | "state"> = {}): Copy {
  const source = createSimulatorSource(sim, options);
  requests = source.requests;
  const { lock, state } = options;
  const onEvent = (event: CopyEvent): void => void events.push(event);
  return createCopy({ source, place: "simulator", directory, now: clock.now, lock, state, onEvent });
}

function pin(): { readonly kind: "root"; readonly bytes: Uint8Array } {
  return { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() };
}

async function pulled(): Promise<Copy> {
  await createTestCopy().pullMetadata({ pin: pin() });
  return createTestCopy();
}

async function metadataFiles(): Promise<readonly string[]> {
  return (await readdir(join(directory, "metadata"))).map((name) => join(directory, "metadata", name));
}

/** If the tests run as root, which may write anywhere, the work is done as another user who owns the files. */
async function withoutWriting(path: string, work: () => Promise<void>): Promise<void> {
  const nobody = 65_534;
  await chmod(home, 0o755);
  const inside = (await readdir(path, { recursive: true })).map((name) => join(path, name));
  for (const file of [path, ...inside]) {
    if (process.getuid?.() === 0) await chown(file, nobody, nobody);
    if ((await stat(file)).isDirectory()) await chmod(file, 0o500);
  }
  if (process.getuid?.() === 0) process.seteuid?.(nobody);
  try {
    await work();
  } finally {
    if (process.getuid?.() === 0) process.seteuid?.(0);
    for (const file of [path, ...inside]) if ((await stat(file)).isDirectory()) await chmod(file, 0o700);
  }
}

const offline = (): SimulatorSourceOptions => ({
  answer: () => {
    throw new Error("a request was made");
  },
});

describe("the state", () => {
  test("is readable only by its owner, with any umask [T30]", async () => {
    const before = process.umask(0);
    try {
      const copy = await pulled();
      const target = await copy.findTarget(parseTargetPath("a.txt"));
      if (target !== undefined) await copy.saveTarget(target, join(home, "saved"));
    } finally {
      process.umask(before);
    }
    const names = await readdir(directory, { recursive: true });
    expect(names).toEqual(expect.arrayContaining(["pin.json", "state.json", "pulled", "metadata"]));
    const files = names.map(async (name) => ({ name, found: await stat(join(directory, name)) }));
    // A lock file is empty and is in a directory that no other user may enter.
    const open = (await Promise.all(files)).filter(
      ({ found }) => (found.mode & 0o077) !== 0 && (found.isDirectory() || found.size > 0),
    );
    expect(open.map(({ name }) => name)).toEqual([]);
    expect((await stat(directory)).mode & 0o077).toBe(0);
  });

  test.each([
    ["truncated", (file: string) => truncate(file, 10)],
    ["empty", (file: string) => writeFile(file, "")],
    ["foreign", (file: string) => writeFile(file, "{}")],
    ["missing", (file: string) => rm(file)],
    ["replaced by directories", (file: string) => rm(file).then(() => mkdir(join(file, "full"), { recursive: true }))],
  ])("with cached files that are %s is repaired by the next refresh [T34]", async (_kind, damage) => {
    const copy = await pulled();
    for (const file of await metadataFiles()) await damage(file);
    await copy.pullMetadata();
    expect(requests).toEqual(["2.root", "timestamp", "2.snapshot", "2.targets"]);
    await createTestCopy(offline()).pullMetadata({ mode: "offline" });
  });

  test.each(["", "{", "[]", '{"stateVersion":2}', '{"stateVersion":1,"pin":"../../x"}'])(
    "whose state.json is %j is reported and rebuilt from the pin",
    async (text) => {
      const copy = await pulled();
      await writeFile(join(directory, "state.json"), text);
      expect(await copy.pullMetadata()).toMatchObject({ status: "fresh", pin: { version: 1 } });
      expect(events).toContainEqual(expect.objectContaining({ kind: "cache-healed", what: "state.json" }));
    },
  );

  test("whose pin is damaged is refused until a call gives a root", async () => {
    const copy = await pulled();
    await truncate(join(directory, "pin.json"), 50);
    await expectRefused(copy.pullMetadata(), "COPY_STATE_FOREIGN");
    expect(requests).toEqual([]);
    expect(await copy.pullMetadata({ pin: pin() })).toMatchObject({ status: "fresh" });
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "unchanged" });
  });

  test("never follows a link planted in it [T3]", async () => {
    const copy = await pulled();
    const secret = join(home, "secret");
    await writeFile(secret, await readFile(join(directory, "pin.json")));
    await rm(join(directory, "pin.json"));
    await symlink(secret, join(directory, "pin.json"));
    await expectRefused(copy.pullMetadata(), "FILE_NOT_REGULAR");
  });

  test("that cannot be written is held in memory and still verifies", async () => {
    await mkdir(directory, { recursive: true });
    await withoutWriting(join(home, "demo"), async () => {
      const copy = createTestCopy();
      expect(await copy.pullMetadata({ pin: pin() })).toMatchObject({ status: "fresh", state: "not-kept" });
      expect(events.filter(({ kind }) => kind === "state-not-kept")).toHaveLength(1);
      await sim.publishRelease();
      expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
      expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged" });
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test("that can be read but not written is refreshed from its content", async () => {
    const copy = await pulled();
    await sim.publishRelease();
    await withoutWriting(join(home, "demo"), async () => {
      expect(await copy.pullMetadata()).toMatchObject({ status: "fresh", state: "not-kept" });
      expect(requests).toEqual(["2.root", "timestamp", "3.snapshot", "3.targets"]);
      expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged", state: "not-kept" });
    });
    expect(await copy.pullMetadata()).toMatchObject({ state: "kept" });
  });

  test("that is required and cannot be written is an error before a request is made", async () => {
    await mkdir(directory, { recursive: true });
    const refused = { code: "COPY_STATE_NOT_KEPT", details: { directory } };
    await withoutWriting(join(home, "demo"), async () => {
      const copy = createTestCopy({ state: "required" });
      await expect(copy.pullMetadata({ pin: pin() })).rejects.toMatchObject(refused);
      await expect(copy.pin(pin().bytes)).rejects.toMatchObject(refused);
      await expect(copy.findTarget(parseTargetPath("a.txt"))).rejects.toMatchObject({ code: "COPY_NOT_PINNED" });
      expect(requests).toEqual([]);
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test("that is required and was written before is an error if a newer release cannot be saved", async () => {
    await pulled();
    await sim.publishRelease();
    const copy = createTestCopy({ state: "required" });
    await withoutWriting(join(home, "demo"), async () => {
      await expectRefused(copy.pullMetadata(), "COPY_STATE_NOT_KEPT");
      expect((await createTestCopy(offline()).pullMetadata({ mode: "offline" })).versions.get("timestamp")).toBe(2);
    });
  });

  test("that cannot be saved because the disk is full is an error, and the previous state stays", async () => {
    const copy = await pulled();
    await sim.publishRelease();
    const fault = await armFileFault({ root: directory, kind: "full", at: 1 });
    await expectRefused(copy.pullMetadata().finally(fault.disarm), "FILE_NO_SPACE");
    expect(await createTestCopy(offline()).pullMetadata({ mode: "offline" })).toMatchObject({ state: "kept" });
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "fresh", state: "kept" });
  });

  test("keeps no file of superseded metadata for longer than one refresh", async () => {
    const copy = await pulled();
    for (let round = 0; round < 4; round++) {
      await sim.publishRelease();
      await copy.pullMetadata();
    }
    expect(await metadataFiles()).toHaveLength(6);
  });

  test("keeps no file of a delegated role that left the snapshot", async () => {
    sim.addDelegation("targets", { name: "gone" });
    await sim.publishRelease();
    const copy = await pulled();
    const before = (await metadataFiles()).length;
    const { delegations } = sim.targets;
    if (delegations?.kind === "listed") delegations.roles = [];
    sim.delegates.delete("gone");
    sim.snapshot.meta.delete("gone.json");
    sim.rotateKeys("snapshot");
    sim.root.version += 1;
    await sim.publishRoot();
    for (let round = 0; round < 2; round++) {
      await sim.publishRelease();
      await copy.pullMetadata();
    }
    expect((await copy.trustedFiles()).map(({ role }) => role)).not.toContain("gone");
    // One more root, the files of the previous release, and one role less.
    expect(await metadataFiles()).toHaveLength(before - 1 + 3 + 1);
  });

  test("is refreshed even if the record of pulled targets cannot be read", async () => {
    const copy = await pulled();
    await mkdir(join(directory, "pulled"));
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged", updatedTargets: ["a.txt"] });
    expect(events).toContainEqual(expect.objectContaining({ kind: "cache-healed", what: "pulled" }));
  });

  test("of delegated roles whose names are paths stays inside its directory [T1]", async () => {
    const plain = "../x|/etc/x|a/b|..|.|C:x|CON|%2e%2e|\u00e9|e\u0301|X|x |__proto__".split("|");
    const names = [...plain, "x".repeat(300)];
    for (const name of names) sim.addDelegation("targets", { name });
    await sim.publishRelease();
    const copy = createTestCopy();
    await copy.pullMetadata({ pin: pin() });
    expect(await copy.findTarget(parseTargetPath("nowhere"))).toBeUndefined();
    expect((await copy.trustedFiles()).filter(({ role }) => names.includes(role))).toHaveLength(names.length);
    expect(await readdir(home)).toEqual(["demo"]);
    expect(await readdir(join(home, "demo"))).toEqual(["copy"]);
    for (const file of await metadataFiles()) expect(file).toMatch(/[\\/][0-9a-f]{64}\.json$/);
    requests.length = 0;
    await createTestCopy(offline()).findTarget(parseTargetPath("nowhere"), { mode: "offline" });
  });

  test("admits one writer at a time", async () => {
    await pulled();
    const results = await Promise.all(
      [createTestCopy(), createTestCopy(), createTestCopy()].map((c) => c.pullMetadata()),
    );
    expect(results.map(({ status }) => status)).toEqual(["unchanged", "unchanged", "unchanged"]);
  });

  test("is read while another refreshes", async () => {
    await pulled();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const source = createSimulatorSource(sim);
    const site = source.sites[0];
    if (site === undefined) throw new TypeError("no site");
    const slow = { sites: [{ ...site, openView: () => ({ findMetadata: () => gate.then(() => undefined) }) }] };
    const writer = createCopy({ source: slow, place: "slow", directory, now: clock.now });
    const writing = writer.pullMetadata().catch((error: unknown) => error);
    expect(await createTestCopy().pullMetadata({ mode: "offline" })).toMatchObject({ status: "stale-but-valid" });
    await expectRefused(createTestCopy({ lock: "fail" }).pullMetadata(), "FILE_LOCKED");
    release();
    expect(await writing).toMatchObject({ code: "COPY_METADATA_MISSING" });
  });
});

describe("offline", () => {
  test("answers from the cache without a request", async () => {
    await pulled();
    const copy = createTestCopy(offline());
    expect(await copy.pullMetadata({ mode: "offline" })).toMatchObject({
      status: "stale-but-valid",
      site: undefined,
      updatedTargets: ["a.txt"],
    });
    expect(await copy.findTarget(parseTargetPath("a.txt"), { mode: "offline" })).toMatchObject({ length: 5 });
    expect(requests).toEqual([]);
  });

  test("without a cache fails with COPY_OFFLINE_NOTHING_CACHED", async () => {
    const copy = createTestCopy(offline());
    await expectRefused(copy.pullMetadata({ mode: "offline" }), "COPY_NOT_PINNED");
    await copy.pin(pin().bytes);
    await expectRefused(copy.pullMetadata({ mode: "offline" }), "COPY_OFFLINE_NOTHING_CACHED");
    expect(requests).toEqual([]);
  });

  test("refuses expired metadata, and inspect reports it without refusing", async () => {
    const copy = await pulled();
    clock.advance({ days: 40 });
    await expectRefused(copy.pullMetadata({ mode: "offline" }), "TUF_EXPIRED");
    expect(await copy.inspect()).toMatchObject({ status: "expired", place: "simulator" });
    expect(requests).toEqual([]);
  });

  test("cache-if-valid asks only after the cache has expired", async () => {
    const copy = await pulled();
    expect(await copy.pullMetadata({ mode: "cache-if-valid" })).toMatchObject({ status: "stale-but-valid" });
    expect(requests).toEqual([]);
    clock.advance({ days: 40 });
    await expectRefused(copy.pullMetadata({ mode: "cache-if-valid" }), "TUF_EXPIRED");
    expect(requests).toEqual(["2.root"]);
  });

  test("cache-if-valid fetches a delegated role that the valid cache does not hold", async () => {
    sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    sim.addTarget("team/a", Buffer.from("one"), { role: "team" });
    await sim.publishRelease();
    await createTestCopy().pullMetadata({ pin: pin(), delegations: "skip" });
    const copy = createTestCopy();
    expect(await copy.findTarget(parseTargetPath("team/a"), { mode: "cache-if-valid" })).toMatchObject({
      role: "team",
    });
    expect(requests).toEqual(["1.team"]);
    const wanted = createTestCopy(offline()).findTarget(parseTargetPath("team/a"), { mode: "offline" });
    expect(await wanted).toMatchObject({ role: "team" });
  });

  test("a loaded repository is used until its metadata expires", async () => {
    const copy = await pulled();
    await copy.pullMetadata();
    clock.advance({ days: 40 });
    await expectRefused(copy.findTarget(parseTargetPath("a.txt")), "TUF_EXPIRED");
  });

  test("falls back to the last complete release after an interrupted refresh", async () => {
    const copy = await pulled();
    await sim.publishRelease();
    sim.files.delete("3.snapshot.json");
    await expectRefused(copy.pullMetadata(), "COPY_METADATA_MISSING");
    const result = await createTestCopy(offline()).pullMetadata({ mode: "offline" });
    expect(Object.fromEntries(result.versions)).toMatchObject({ timestamp: 2, snapshot: 2, targets: 2 });
  });
});

describe("the clock", () => {
  test("that is earlier than the last refresh is refused, in every mode", async () => {
    const copy = await pulled();
    clock.advance({ days: -1 });
    for (const mode of ["online", "cache-if-valid", "offline"] as const) {
      await expectRefused(copy.pullMetadata({ mode }), "COPY_CLOCK_SUSPECT");
    }
    clock.advance({ days: 1, seconds: -300 });
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged" });
  });

  test("that was ahead once is accepted after pinning again with replace, which keeps the rest of the state", async () => {
    const copy = await pulled();
    clock.advance({ days: 20 });
    await copy.pullMetadata();
    clock.advance({ days: -20 });
    await expectRefused(copy.pullMetadata({ pin: pin() }), "COPY_CLOCK_SUSPECT");
    const result = await copy.pullMetadata({ pin: pin(), replace: true });
    expect(result).toMatchObject({ status: "unchanged", previousPin: undefined });
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged" });
  });

  test("that is earlier than knownPast is refused", async () => {
    const source = createSimulatorSource(sim);
    const knownPast = new Date("2030-02-01T00:00:00Z");
    const copy = createCopy({ source, place: "simulator", directory, now: clock.now, knownPast });
    await expectRefused(copy.pullMetadata({ pin: pin() }), "COPY_CLOCK_SUSPECT");
  });
});
