import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createFixedClock, type FixedClock } from "@dtuf/testing/fixed-clock";
import { createTestSigner } from "@dtuf/testing/keys";
import { createSimulatorSource, type SimulatorSourceOptions } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { TufError } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "../copy.ts";

const directory = useDirectory();
let sim: TufSimulator;
let clock: FixedClock;
let requests: string[];

beforeEach(async () => {
  sim = await createTufSimulator();
  clock = createFixedClock("2030-01-02T00:00:00Z");
});

function createTestCopy(options: SimulatorSourceOptions = {}): Copy {
  const source = createSimulatorSource(sim, options);
  requests = source.requests;
  return createCopy({ source, place: "simulator", directory, now: clock.now });
}

function firstRoot(): Uint8Array {
  return sim.files.get("1.root.json") ?? new Uint8Array();
}

/** A copy that has pinned the first root and refreshed once. */
async function pulled(options: SimulatorSourceOptions = {}): Promise<Copy> {
  await createTestCopy().pullMetadata({ pin: { kind: "root", bytes: firstRoot() } });
  return createTestCopy(options);
}

/** All files of the state on disk. */
async function trustedOnDisk(): Promise<readonly string[]> {
  const files = await createTestCopy().trustedFiles();
  const metadata = await readdir(join(directory, "metadata"));
  return [
    ...files.map(({ role, version, bytes }) => `${version}.${role} ${Buffer.from(bytes).toString("base64")}`),
    await readFile(join(directory, "pin.json"), "base64"),
    `${metadata.length} files`,
  ];
}

async function refused(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  return "accepted";
}

/** Expects that the refresh is refused with this code and that nothing on disk changed. */
async function expectRefreshRefused(copy: Copy, code: string): Promise<void> {
  const before = await trustedOnDisk();
  expect(await refused(copy.pullMetadata())).toBe(code);
  expect(await trustedOnDisk()).toEqual(before);
}

async function versions(): Promise<Record<string, number>> {
  const files = await createTestCopy().trustedFiles();
  return Object.fromEntries(files.map(({ role, version }) => [role, version]));
}

describe("a refresh", () => {
  test("goes from the pinned root to verified targets and caches every file byte for byte", async () => {
    sim.addTarget("a.txt", Buffer.from("hello"));
    await sim.publishRelease();
    const copy = createTestCopy();
    const result = await copy.pullMetadata({ pin: { kind: "root", bytes: firstRoot() } });
    expect(result).toMatchObject({
      status: "fresh",
      updatedTargets: ["a.txt"],
      pin: { version: 1 },
      site: "simulator",
    });
    expect(requests).toEqual(["2.root", "timestamp", "2.snapshot", "2.targets"]);
    for (const { role, version, bytes } of await copy.trustedFiles()) {
      const name = role === "timestamp" ? "timestamp.json" : `${version}.${role}.json`;
      expect(Buffer.from(bytes)).toEqual(Buffer.from(sim.files.get(name) ?? []));
    }
  });

  test("that finds nothing new requests only the next root and the timestamp", async () => {
    const copy = await pulled();
    expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged" });
    expect(requests).toEqual(["2.root", "timestamp"]);
  });

  test("fetches only the files that changed", async () => {
    const copy = await pulled();
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
    expect(requests).toEqual(["2.root", "timestamp"]);
  });

  test("follows a rotation of every key, including root, over expired roots in between [T26]", async () => {
    const copy = await pulled();
    for (const role of ["root", "timestamp", "snapshot", "targets"] as const) sim.rotateKeys(role);
    sim.root.version = 2;
    sim.root.expires = new Date("2030-01-01T12:00:00Z");
    await sim.publishRoot();
    sim.rotateKeys("root");
    sim.root.version = 3;
    sim.root.expires = new Date("2031-01-01T00:00:00Z");
    await sim.publishRoot();
    await sim.publishRelease();
    await copy.pullMetadata();
    expect(await versions()).toEqual({ root: 3, timestamp: 2, snapshot: 2, targets: 2 });
    requests.length = 0;
    await createTestCopy().pullMetadata();
    expect(requests).toEqual(["4.root", "timestamp"]);
  });

  test("reads unversioned names if snapshots are not consistent", async () => {
    sim = await createTufSimulator({ consistentSnapshot: false, metaHashes: "versions-only" });
    await createTestCopy().pullMetadata({ pin: { kind: "root", bytes: firstRoot() } });
    expect(requests).toEqual(["2.root", "timestamp", "snapshot", "targets"]);
  });

  test("reports COPY_NOT_PUBLISHED if there is no timestamp", async () => {
    sim.files.delete("timestamp.json");
    const pin = { kind: "root", bytes: firstRoot() } as const;
    await expectRefused(createTestCopy().pullMetadata({ pin }), "COPY_NOT_PUBLISHED");
  });

  test("needs a pin", async () => {
    await expectRefused(createTestCopy().pullMetadata(), "COPY_NOT_PINNED");
    expect(requests).toEqual([]);
  });
});

describe("refuses", () => {
  test("a timestamp rolled back, also after a restart [T13]", async () => {
    const old = sim.files.get("timestamp.json") ?? new Uint8Array();
    // With the same snapshot, so that only the version of the timestamp goes back.
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    const copy = await pulled();
    sim.files.set("timestamp.json", old);
    await expectRefreshRefused(copy, "TUF_ROLLBACK");
    await expectRefreshRefused(createTestCopy(), "TUF_ROLLBACK");
  });

  test("a snapshot rolled back inside a newer timestamp; the next good release is accepted [T19]", async () => {
    await sim.publishRelease();
    const copy = await pulled();
    sim.timestamp.version += 1;
    sim.timestamp.snapshot = { version: 1, unrecognized: {} };
    await sim.publishTimestamp();
    await expectRefreshRefused(copy, "TUF_ROLLBACK");
    await sim.publishRelease();
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "fresh" });
  });

  test("targets rolled back inside a newer snapshot; the accepted timestamp is kept [T13]", async () => {
    await sim.publishRelease();
    const copy = await pulled();
    sim.targets.version = 1;
    await sim.publishTargets();
    sim.snapshot.version += 1;
    await sim.publishSnapshot();
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    expect(await refused(copy.pullMetadata())).toBe("TUF_ROLLBACK");
    expect(await versions()).toEqual({ root: 1, timestamp: 3, snapshot: 2, targets: 2 });
    expect(await createTestCopy().pullMetadata({ mode: "offline" })).toMatchObject({ status: "stale-but-valid" });
  });

  test("a root that its predecessor did not sign, and keeps nothing of it [T14]", async () => {
    const copy = await pulled();
    sim.root.version = 2;
    sim.signers.set("root", [createTestSigner()]);
    await sim.publishRoot();
    await expectRefreshRefused(copy, "TUF_THRESHOLD_NOT_MET");
    sim.files.delete("2.root.json");
    expect(await createTestCopy().pullMetadata()).toMatchObject({ status: "unchanged" });
  });

  test.each([1, 3])("version %i served as root 2 [T15]", async (version) => {
    const copy = await pulled();
    sim.root.version = version;
    const file = await sim.publishRoot();
    sim.files.set("2.root.json", file);
    await expectRefreshRefused(copy, "TUF_VERSION_MISMATCH");
  });

  test("an expired final root [T26]", async () => {
    const copy = await pulled();
    sim.root.version = 2;
    sim.root.expires = new Date("2030-01-01T12:00:00Z");
    await sim.publishRoot();
    expect(await refused(copy.pullMetadata())).toBe("TUF_EXPIRED");
    expect(await versions()).toEqual({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
  });

  test("an expired timestamp, and does not keep it", async () => {
    const copy = await pulled();
    sim.timestamp.version += 1;
    sim.timestamp.expires = new Date("2030-01-01T12:00:00Z");
    await sim.publishTimestamp();
    await expectRefreshRefused(copy, "TUF_EXPIRED");
  });

  test("a registry that replays a whole old state for longer than the timestamp lives [T41]", async () => {
    // Only the timestamp will have expired.
    for (const document of [sim.root, sim.snapshot, sim.targets]) document.expires = new Date("2031-01-01T00:00:00Z");
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishRelease();
    const copy = await pulled();
    clock.advance({ days: 40 });
    await expectRefreshRefused(copy, "TUF_EXPIRED");
    await rm(directory, { recursive: true });
    const fresh = createTestCopy();
    expect(await refused(fresh.pullMetadata({ pin: { kind: "root", bytes: firstRoot() } }))).toBe("TUF_EXPIRED");
  });

  test("files mixed from two releases", async () => {
    const copy = await pulled();
    const old = sim.files.get("1.targets.json") ?? new Uint8Array();
    await sim.publishRelease();
    sim.files.set("2.targets.json", old);
    expect(await refused(copy.pullMetadata())).toMatch(/^TUF_(HASH|LENGTH|VERSION)_MISMATCH$/);
    expect((await versions())["targets"]).toBe(1);
  });

  test("one signature too few [T7]", async () => {
    sim.root.roles.timestamp.threshold = 2;
    sim.addSigner("timestamp", createTestSigner());
    sim.root.version = 2;
    await sim.publishRoot();
    await sim.publishRelease();
    const copy = await pulled();
    sim.signers.set("timestamp", (sim.signers.get("timestamp") ?? []).slice(0, 1));
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    await expectRefreshRefused(copy, "TUF_THRESHOLD_NOT_MET");
  });

  test.each(["garbage", "null", '{"signed":null,"signatures":[]}', '{"signatures":[],"signed":{}} x'])(
    "a timestamp that is %j [T12]",
    async (text) => {
      const copy = await pulled();
      sim.files.set("timestamp.json", Buffer.from(text));
      await expectRefreshRefused(copy, "TUF_MALFORMED");
    },
  );

  test("to treat a failure of the source as the end of the root chain [T32]", async () => {
    const denied = new Error("denied");
    const copy = await pulled({
      answer: ({ role }) => {
        if (role === "root") throw denied;
        return "serve";
      },
    });
    await expect(copy.pullMetadata()).rejects.toBe(denied);
  });

  test("a release whose snapshot or targets file is listed by signed metadata but missing in the source", async () => {
    const copy = await pulled();
    await sim.publishRelease();
    sim.files.delete("2.snapshot.json");
    await expectRefused(copy.pullMetadata(), "COPY_METADATA_MISSING", { details: { role: "snapshot", version: 2 } });
    expect(await versions()).toEqual({ root: 1, timestamp: 2, snapshot: 1, targets: 1 });
  });
});

describe("recovers", () => {
  test.each([
    ["timestamp", { timestamp: 1, snapshot: 2, targets: 2 }],
    ["snapshot", { timestamp: 1, snapshot: 1, targets: 2 }],
  ] as const)("from a fast-forward of the %s after its key was rotated [T27]", async (role, expected) => {
    sim.timestamp.version = 2 ** 40;
    if (role === "snapshot") sim.snapshot.version = 2 ** 40;
    await sim.publishRelease();
    const copy = await pulled();
    sim.rotateKeys("timestamp");
    sim.rotateKeys("snapshot");
    sim.root.version = 2;
    await sim.publishRoot();
    if (role === "snapshot") sim.snapshot.version = 1;
    else sim.snapshot.version = 2;
    await sim.publishSnapshot();
    sim.timestamp.version = 1;
    await sim.publishTimestamp();
    await copy.pullMetadata();
    expect(await versions()).toEqual({ root: 2, ...expected });
  });

  test("with expired metadata in its cache", async () => {
    const copy = await pulled();
    clock.advance({ days: 40 });
    for (const document of [sim.root, sim.targets, sim.snapshot, sim.timestamp]) {
      document.expires = new Date("2031-01-01T00:00:00Z");
    }
    sim.root.version = 2;
    await sim.publishRoot();
    await sim.publishRelease();
    expect(await copy.pullMetadata()).toMatchObject({ status: "fresh" });
  });

  test("never wraps a TufError", async () => {
    const copy = await pulled();
    sim.files.set("timestamp.json", Buffer.from("{}"));
    const error = await copy.pullMetadata().catch((thrown: unknown) => thrown);
    expect(TufError.is(error)).toBe(true);
  });
});
