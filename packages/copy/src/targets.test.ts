import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createSimulatorSource, type SimulatorSourceOptions } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { bytesOf } from "@dtuf/testing/oci-content";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "./copy.ts";
import type { CopyEvent } from "./events.ts";

const directory = useDirectory();
let sim: TufSimulator;
let clock: FixedClock;
let requests: string[];
let events: CopyEvent[];

beforeEach(async () => {
  sim = await createTufSimulator();
  clock = createFixedClock("2030-01-02T00:00:00Z");
  events = [];
});

function createTestCopy(options: SimulatorSourceOptions = {}): Copy {
  const source = createSimulatorSource(sim, options);
  requests = source.requests;
  return createCopy({ source, place: "simulator", directory, now: clock.now, onEvent: (event) => events.push(event) });
}

async function pulled(options: SimulatorSourceOptions = {}): Promise<Copy> {
  const bytes = sim.files.get("1.root.json") ?? new Uint8Array();
  const copy = createTestCopy(options);
  await copy.pullMetadata({ pin: { kind: "root", bytes }, delegations: "skip" });
  requests.length = 0;
  return copy;
}

async function open(copy: Copy, path: string): Promise<string> {
  const target = await copy.findTarget(parseTargetPath(path));
  if (target === undefined) throw new TypeError(`${path} was not found`);
  return (await bytesOf(await copy.openTarget(target))).toString();
}

/** Eight bins with 64 targets. */
function fillBins(): readonly string[] {
  const bins = sim.addSuccinctRoles("targets", 3, "bin");
  const names = Array.from({ length: 64 }, (_, at) => `in/${at}`);
  for (const name of names) {
    // The first three bits choose among eight.
    const bin = (createHash("sha256").update(name).digest()[0] ?? 0) >> 5;
    sim.addTarget(name, Buffer.from(name), { role: bins[bin] ?? "" });
  }
  return names;
}

describe("targets that are saved together", () => {
  test("are complete and recorded as pulled, also if a later one fails", async () => {
    for (const name of ["a", "b", "c"]) sim.addTarget(name, Buffer.from(`content of ${name}`));
    await sim.publishRelease();
    const copy = await pulled();
    const names = ["b", "a", "c"];
    const wanted = await Promise.all(
      names.map(async (name) => {
        const target = await copy.findTarget(parseTargetPath(name));
        if (target === undefined) throw new TypeError(`${name} was not found`);
        return { target, destination: name === "c" ? join(directory, "no directory", name) : join(directory, name) };
      }),
    );
    await expectRefused(copy.saveTargets(wanted, { concurrency: 1 }), "FILE_IO");
    expect((await copy.pullMetadata()).updatedTargets).toEqual(["c"]);
    const record = (await readFile(join(directory, "pulled"), "utf8")).split("\n").filter(Boolean);
    expect(record.map((line) => (JSON.parse(line) as string[])[1])).toEqual(["b", "a"]);
    for (const name of ["a", "b"]) expect(await readFile(join(directory, name), "utf8")).toBe(`content of ${name}`);
  });
});

describe("updated targets", () => {
  test("are those whose content differs from the last pull, independent of the version of the metadata", async () => {
    sim.addTarget("a", Buffer.from("a1"));
    sim.addTarget("b", Buffer.from("b1"));
    await sim.publishRelease();
    const copy = await pulled();
    expect((await copy.pullMetadata()).updatedTargets).toEqual(["a", "b"]);
    expect(await open(copy, "a")).toBe("a1");
    expect((await createTestCopy().pullMetadata()).updatedTargets).toEqual(["b"]);
    await sim.publishRelease();
    expect((await createTestCopy().pullMetadata()).updatedTargets).toEqual(["b"]);
    sim.addTarget("a", Buffer.from("a2"));
    await sim.publishRelease();
    expect((await createTestCopy().pullMetadata()).updatedTargets).toEqual(["a", "b"]);
  });

  test("include those of delegated roles; a role that cannot be loaded is reported and does not fail the call", async () => {
    sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    sim.addDelegation("targets", { name: "lost", paths: ["lost/*"] });
    sim.addTarget("team/a", Buffer.from("a"), { role: "team" });
    sim.addTarget("lost/a", Buffer.from("a"), { role: "lost" });
    await sim.publishRelease();
    sim.files.delete("1.lost.json");
    const copy = await pulled();
    expect((await copy.pullMetadata()).updatedTargets).toEqual(["team/a"]);
    expect(events).toContainEqual(expect.objectContaining({ kind: "role-skipped", role: "lost" }));
    await expectRefused(open(copy, "lost/a"), "COPY_METADATA_MISSING");
  });

  test("and lists leave out what a role lists outside its delegations, at any level [T161]", async () => {
    sim.addDelegation("targets", { name: "tools", paths: ["tools/*"] });
    sim.addDelegation("tools", { name: "inner", paths: ["*", "libs/*", "tools/*"] });
    sim.addDelegation("targets", { name: "libs", paths: ["libs/*"] });
    sim.addTarget("tools/a", Buffer.from("good"), { role: "tools" });
    sim.addTarget("tools/b", Buffer.from("good"), { role: "inner" });
    sim.addTarget("libs/a", Buffer.from("good"), { role: "libs" });
    for (const role of ["tools", "inner"]) {
      for (const path of ["libs/a", "new"]) sim.addTarget(path, Buffer.from("forged"), { role });
    }
    await sim.publishRelease();
    const copy = await pulled();
    expect((await copy.pullMetadata()).updatedTargets.toSorted()).toEqual(["libs/a", "tools/a", "tools/b"]);
    const listed = await Array.fromAsync(copy.listTargetFiles(), ({ path, role, file }) => [path, role, file.length]);
    expect(listed.toSorted()).toEqual([
      ["libs/a", "libs", 4],
      ["tools/a", "tools", 4],
      ["tools/b", "inner", 4],
    ]);
  });

  test("and lists have what only a second way to a role delegates to it", async () => {
    sim.addDelegation("targets", { name: "a", paths: ["a/*"] });
    sim.addDelegation("targets", { name: "b", paths: ["b/*"] });
    sim.addDelegation("a", { name: "shared", paths: ["a/*"] });
    const signers = sim.signers.get("shared") ?? [];
    sim.addDelegation("b", { name: "shared", paths: ["b/*"], signers });
    for (const path of ["a/x", "b/x", "c/x"]) sim.addTarget(path, Buffer.from(path), { role: "shared" });
    await sim.publishRelease();
    const copy = await pulled();
    expect((await copy.pullMetadata()).updatedTargets).toEqual(["a/x", "b/x"]);
    expect(await Array.fromAsync(copy.listTargets())).toEqual(["a/x", "b/x"]);
  });

  const prefix = createHash("sha256").update("a/x").digest("hex").slice(0, 6);
  test.each([
    ["a terminating delegation", { paths: ["a/*"], terminating: true }],
    ["a terminating delegation of hash prefixes", { pathHashPrefixes: [prefix], terminating: true }],
    ["a role's hash bins", { paths: ["a/*"] }],
  ])("and lists leave out what %s took from a later role, because nobody gets it [T161]", async (_, delegation) => {
    sim.addDelegation("targets", { name: "a", ...delegation });
    if (!("terminating" in delegation)) sim.addSuccinctRoles("a", 1, "a.bins");
    sim.addDelegation("targets", { name: "b", paths: ["?/*"] });
    for (const path of ["a/x", "b/x"]) sim.addTarget(path, Buffer.from(path), { role: "b" });
    await sim.publishRelease();
    const copy = await pulled();
    expect(await copy.findTarget(parseTargetPath("a/x"))).toBeUndefined();
    expect(await Array.fromAsync(copy.listTargets())).toEqual(["b/x"]);
    expect((await copy.pullMetadata()).updatedTargets).toEqual(["b/x"]);
  });

  test("and lists have what the roles below a terminating delegation list, and those before it", async () => {
    sim.addDelegation("targets", { name: "first", paths: ["a/*"] });
    sim.addDelegation("targets", { name: "a", paths: ["a/*"], terminating: true });
    sim.addDelegation("a", { name: "inner", paths: ["a/*"] });
    sim.addTarget("a/first", Buffer.from("first"), { role: "first" });
    sim.addTarget("a/inner", Buffer.from("inner"), { role: "inner" });
    await sim.publishRelease();
    const copy = await pulled();
    expect(await Array.fromAsync(copy.listTargets())).toEqual(["a/first", "a/inner"]);
  });

  test("leave out targets of hash bins, which are still found and listed", async () => {
    const names = fillBins();
    await sim.publishRelease();
    const copy = await pulled();
    await copy.pullMetadata();
    expect(requests.filter((name) => name.includes("bin-"))).toEqual([]);
    const paths: string[] = [];
    for await (const path of copy.listTargets()) paths.push(path);
    expect(paths.toSorted()).toEqual(names.toSorted());
    requests.length = 0;
    for await (const path of createTestCopy().listTargets({ mode: "offline" })) expect(paths).toContain(path);
    expect(requests).toEqual([]);
  });

  test("in bins that were never fetched are left out of an offline list, and an event reports it", async () => {
    const names = fillBins();
    await sim.publishRelease();
    const copy = await pulled();
    await copy.pullMetadata();
    const path = parseTargetPath("anything");
    expect(await copy.findTarget(path)).toBeUndefined();
    const paths = await Array.fromAsync(createTestCopy().listTargets({ mode: "offline" }));
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.length).toBeLessThan(names.length / 2);
    expect(events.filter(({ kind }) => kind === "role-skipped")).toEqual([
      expect.objectContaining({ error: expect.objectContaining({ code: "COPY_OFFLINE_NOTHING_CACHED" }) as unknown }),
    ]);
  });

  test.each(["online", "offline"] as const)(
    "of a role with 2^32 bins end the list with an error at the first missing bin: %s",
    async (mode) => {
      sim.targets.delegations = {
        kind: "succinct",
        keys: new Map(),
        succinct: { bitLength: 32, namePrefix: "bin", keyIds: [], threshold: 1, unrecognized: {} },
        unrecognized: {},
      };
      await sim.publishRelease();
      await pulled();
      const listed = Array.fromAsync(createTestCopy().listTargets({ mode }));
      await expectRefused(listed, "TUF_ROLE_MISSING");
    },
  );

  test("are correct after an incomplete line in the record of pulled targets", async () => {
    sim.addTarget("a", Buffer.from("a"));
    sim.addTarget("b", Buffer.from("b"));
    await sim.publishRelease();
    const copy = await pulled();
    await open(copy, "a");
    const { appendFile } = await import("node:fs/promises");
    await appendFile(join(directory, "pulled"), '["sha256:12');
    await open(copy, "b");
    expect((await copy.pullMetadata()).updatedTargets).toEqual([]);
  });

  test("keep the record small if a target is pulled often", async () => {
    sim.addTarget("a", Buffer.from("a"));
    await sim.publishRelease();
    const copy = await pulled();
    for (let round = 0; round < 20; round++) await open(copy, "a");
    await copy.pullMetadata();
    expect((await readFile(join(directory, "pulled"), "utf8")).trim().split("\n")).toHaveLength(1);
  });
});

describe("a delegated role", () => {
  beforeEach(async () => {
    sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    sim.addTarget("team/a", Buffer.from("one"), { role: "team" });
    await sim.publishRelease();
  });

  test("is fetched once, cached, and verified again from the cache", async () => {
    const copy = await pulled();
    expect(await open(copy, "team/a")).toBe("one");
    const later = createTestCopy();
    expect(await open(later, "team/a")).toBe("one");
    expect(requests).toEqual(["2.root", "timestamp", "team/a"]);
  });

  test("that is saved late does not undo a newer state of another process", async () => {
    const copy = await pulled();
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    await createTestCopy().pullMetadata({ delegations: "skip" });
    await copy.findTarget(parseTargetPath("team/a"));
    const files = await createTestCopy().trustedFiles();
    expect(files.map(({ role, version }) => `${version}.${role}`)).toEqual([
      "1.root",
      "3.timestamp",
      "2.snapshot",
      "2.targets",
      "1.team",
    ]);
  });

  test("in the cache is refused after its delegator trusts other keys [T37]", async () => {
    const copy = await pulled();
    await open(copy, "team/a");
    const { delegations } = sim.targets;
    if (delegations?.kind !== "listed") throw new TypeError("no delegations");
    delegations.roles = [];
    sim.signers.delete("team");
    sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    sim.targets.version += 1;
    await sim.publishTargets();
    sim.snapshot.version += 1;
    await sim.publishSnapshot();
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    await expectRefused(open(createTestCopy(), "team/a"), "TUF_THRESHOLD_NOT_MET");
  });

  test("rolled back is refused [T18]", async () => {
    const copy = await pulled();
    await open(copy, "team/a");
    await sim.publishRelease();
    await copy.pullMetadata();
    const role = sim.delegates.get("team");
    if (role !== undefined) role.version = 1;
    await sim.publishDelegated("team");
    sim.snapshot.version += 1;
    await sim.publishSnapshot();
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    await expectRefused(createTestCopy().pullMetadata(), "TUF_ROLLBACK");
  });

  test.each([
    ["expired", "TUF_EXPIRED"],
    ["with a wrong hash", "TUF_HASH_MISMATCH"],
  ] as const)("%s is refused, from the source and from the cache [T20]", async (how, code) => {
    const role = sim.delegates.get("team");
    if (role === undefined) throw new TypeError("no role");
    if (how === "expired") role.expires = new Date("2030-01-01T12:00:00Z");
    await sim.publishRelease();
    if (how === "with a wrong hash") {
      const file = sim.files.get("2.team.json") ?? new Uint8Array();
      sim.files.set("2.team.json", Buffer.from(Buffer.from(file).toString().replace('"signatures"', '"signaturez"')));
    }
    const copy = await pulled();
    await expectRefused(open(copy, "team/a"), code);
    expect((await copy.trustedFiles()).map(({ role: name }) => name)).not.toContain("team");
    await expectRefused(open(createTestCopy(), "team/a"), code);
  });

  test("that the snapshot does not list is refused without a request [T33]", async () => {
    sim.snapshot.meta.delete("team.json");
    sim.snapshot.version += 1;
    await sim.publishSnapshot();
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    const copy = await pulled();
    await expectRefused(open(copy, "team/a"), "TUF_ROLE_MISSING");
    expect(requests).toEqual([]);
  });

  test("explains the walk, whether it found a target or not", async () => {
    sim.addDelegation("targets", { name: "second", paths: ["team/*"], terminating: true });
    await sim.publishRelease();
    const copy = await pulled();
    const walk = async (path: string): Promise<readonly string[]> =>
      (await copy.explain(parseTargetPath(path))).map(({ role, outcome }) => `${role} ${outcome}`);
    expect(await walk("team/a")).toEqual(["targets not-here", "team found"]);
    expect(await walk("team/b")).toEqual(["targets not-here", "team not-here", "second not-here"]);
  });
});

describe("special names", () => {
  test.each([
    "__proto__",
    "constructor",
    "toString",
    "x".repeat(4096),
    "a\u0000b".replace("\u0000", ""),
    "../../x",
    "/etc/passwd",
  ])("%s is an ordinary target name", async (path) => {
    const copy = await pulled();
    expect(await copy.findTarget(parseTargetPath(path))).toBeUndefined();
    sim.addTarget(path, Buffer.from("content"));
    await sim.publishRelease();
    await copy.pullMetadata();
    expect(await open(copy, path)).toBe("content");
    expect((await copy.pullMetadata()).updatedTargets).toEqual([]);
  });
});

describe("a delegated role that expires while a copy is in use", () => {
  async function pulledTeam(): Promise<Copy> {
    const team = sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    sim.addTarget("team/a", Buffer.from("a"), { role: "team" });
    team.expires = new Date("2030-01-02T01:00:00Z");
    await sim.publishRelease();
    return pulled();
  }

  test.each(["online", "cache-if-valid", "offline"] as const)(
    "is refused although it was used before: %s [T20]",
    async (mode) => {
      const copy = await pulledTeam();
      expect(await copy.findTarget(parseTargetPath("team/a"))).toMatchObject({ role: "team" });
      expect(await copy.findTarget(parseTargetPath("team/a"), { mode })).toMatchObject({ role: "team" });
      clock.advance({ hours: 2 });
      await expectRefused(copy.findTarget(parseTargetPath("team/a"), { mode }), "TUF_EXPIRED");
    },
  );

  test("is refused if it is loaded late into a repository that has not expired [T20]", async () => {
    const copy = await pulledTeam();
    clock.advance({ hours: 2 });
    await expectRefused(copy.findTarget(parseTargetPath("team/a")), "TUF_EXPIRED");
  });
});
