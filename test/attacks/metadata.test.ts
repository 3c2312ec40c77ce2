import { createTestSigner } from "@dtuf/testing/keys";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { signDocument } from "@dtuf/tuf";
import { beforeEach, describe, expect, test } from "vitest";
import { createVictim, outcome, past, type Victim } from "./victim.ts";

let sim: TufSimulator;
beforeEach(async () => {
  sim = await createTufSimulator();
});

async function refresh(victim: Victim): Promise<string> {
  return outcome(victim.copy(createSimulatorSource(sim)).pullMetadata({ delegations: "skip" }));
}

/** A victim that has seen the repository as it is now. */
async function upToDate(): Promise<Victim> {
  const victim = await createVictim(sim);
  expect(await refresh(victim)).toBe("accepted");
  return victim;
}

async function publishAll(): Promise<void> {
  sim.root.version += 1;
  await sim.publishRoot();
  await sim.publishRelease();
}

async function publishTimestamp(): Promise<void> {
  sim.timestamp.version += 1;
  await sim.publishTimestamp();
}

async function publishSnapshot(): Promise<void> {
  sim.snapshot.version += 1;
  await sim.publishSnapshot();
  await publishTimestamp();
}

describe("a role that strangers signed is refused, and what came before it is kept:", () => {
  test.each([
    ["root", ["1.root"]],
    ["timestamp", ["2.root"]],
    ["snapshot", ["2.root", "2.timestamp"]],
    ["targets", ["2.root", "2.timestamp", "2.snapshot"]],
  ])("%s", async (role, trusted) => {
    await using victim = await createVictim(sim);
    sim.signers.set(role, [createTestSigner()]);
    await publishAll();
    expect(await refresh(victim)).toBe("TUF_THRESHOLD_NOT_MET");
    expect(await victim.trusted()).toEqual(trusted);
  });
});

describe("a file that is not the one promised is refused, and what promised it is kept:", () => {
  test.each([
    ["snapshot", ["2.root", "2.timestamp"]],
    ["targets", ["2.root", "2.timestamp", "2.snapshot"]],
  ] as const)("another version of %s under the promised name", async (role, trusted) => {
    sim.metaHashes = "versions-only";
    await using victim = await createVictim(sim);
    await publishAll();
    const file = await signDocument({ ...sim[role], version: 3 }, sim.signers.get(role) ?? []);
    sim.files.set(`2.${role}.json`, file);
    expect(await refresh(victim)).toBe("TUF_VERSION_MISMATCH");
    expect(await victim.trusted()).toEqual(trusted);
  });

  test.each([
    ["snapshot", ["1.root", "2.timestamp", "1.snapshot", "1.targets"]],
    ["targets", ["1.root", "2.timestamp", "2.snapshot", "1.targets"]],
  ] as const)("%s of another hash, though properly signed", async (role, trusted) => {
    await using victim = await upToDate();
    await sim.publishRelease();
    const other = await signDocument({ ...sim[role], unrecognized: { x: 1 } }, sim.signers.get(role) ?? []);
    const padded = Buffer.concat([other, Buffer.alloc(10, " ")]);
    sim.files.set(`2.${role}.json`, padded);
    expect(await refresh(victim)).toMatch(/^TUF_(HASH|LENGTH)_MISMATCH$/);
    expect(await victim.trusted()).toEqual(trusted);
  });

  test.each([
    ["snapshot", ["1.root", "2.timestamp", "1.snapshot", "1.targets"]],
    ["targets", ["1.root", "2.timestamp", "2.snapshot", "1.targets"]],
  ] as const)("no %s at all", async (role, trusted) => {
    await using victim = await upToDate();
    await sim.publishRelease();
    sim.files.delete(`2.${role}.json`);
    expect(await refresh(victim)).toBe("COPY_METADATA_MISSING");
    expect(await victim.trusted()).toEqual(trusted);
  });

  test("no timestamp, where there was one", async () => {
    await using victim = await upToDate();
    const before = await victim.state();
    sim.files.delete("timestamp.json");
    expect(await refresh(victim)).toBe("COPY_METADATA_MISSING");
    expect(await victim.state()).toEqual(before);
  });

  test("a snapshot that the timestamp's key signed too, posing as a timestamp", async () => {
    await using victim = await upToDate();
    const before = await victim.state();
    const signers = [...(sim.signers.get("snapshot") ?? []), ...(sim.signers.get("timestamp") ?? [])];
    sim.files.set("timestamp.json", await signDocument({ ...sim.snapshot, version: 2 }, signers));
    expect(await refresh(victim)).toBe("TUF_TYPE_MISMATCH");
    expect(await victim.state()).toEqual(before);
  });

  test("other content under the timestamp's version is left aside", async () => {
    await using victim = await upToDate();
    const before = await victim.state();
    sim.timestamp.snapshot = { version: 100, unrecognized: {} };
    await sim.publishTimestamp();
    expect(await refresh(victim)).toBe("accepted");
    expect(await victim.state()).toEqual(before);
  });
});

describe("what has expired is refused, and what names it is kept:", () => {
  test.each([
    ["snapshot", ["1.root", "2.timestamp", "1.snapshot", "1.targets"]],
    ["targets", ["1.root", "2.timestamp", "2.snapshot", "1.targets"]],
  ] as const)("%s", async (role, trusted) => {
    await using victim = await upToDate();
    sim[role].expires = past;
    await sim.publishRelease();
    expect(await refresh(victim)).toBe("TUF_EXPIRED");
    expect(await victim.trusted()).toEqual(trusted);
  });
});

describe.each(["hashes", "versions-only"] as const)("with %s in the snapshot, nothing goes back:", (metaHashes) => {
  beforeEach(async () => {
    sim.metaHashes = metaHashes;
    sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
    await sim.publishRelease();
  });

  test("the snapshot in a newer timestamp", async () => {
    await using victim = await upToDate();
    const before = await victim.state();
    sim.snapshot.version = 1;
    await sim.publishSnapshot();
    await publishTimestamp();
    expect(await refresh(victim)).toBe("TUF_ROLLBACK");
    expect(await victim.state()).toEqual(before);
  });

  test("targets in a newer snapshot", async () => {
    await using victim = await upToDate();
    sim.targets.version = 1;
    await sim.publishTargets();
    await publishSnapshot();
    expect(await refresh(victim)).toBe("TUF_ROLLBACK");
    expect(await victim.trusted()).toEqual(["1.root", "3.timestamp", "2.snapshot", "2.targets"]);
  });

  test("a delegated role by leaving the snapshot", async () => {
    await using victim = await upToDate();
    sim.snapshot.meta.delete("team.json");
    await publishSnapshot();
    expect(await refresh(victim)).toBe("TUF_ROLE_MISSING");
    expect(await victim.trusted()).toEqual(["1.root", "3.timestamp", "2.snapshot", "2.targets"]);
  });

  test("unless the snapshot's key was rotated: then fast-forwarded targets may begin anew", async () => {
    sim.targets.version = 1000;
    await sim.publishRelease();
    await using victim = await upToDate();
    sim.rotateKeys("snapshot");
    sim.root.version += 1;
    await sim.publishRoot();
    sim.targets.version = 1;
    await sim.publishTargets();
    sim.snapshot.meta.delete("team.json");
    await publishSnapshot();
    expect(await refresh(victim)).toBe("accepted");
    expect(await victim.trusted()).toEqual(["2.root", "4.timestamp", "4.snapshot", "1.targets"]);
  });
});
