/** Rollback, freeze, mix-and-match and recovery: the steps after the root. */
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { refusalOf, testNow, trustSimulator, wantedFileOf } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { signDocument } from "./document.ts";

const past = new Date("2030-01-01T12:00:00Z");
const fileOf = (sim: TufSimulator, name: string): Uint8Array => sim.files.get(name) ?? new Uint8Array();

describe("timestamp", () => {
  test("refuses an older timestamp than the cached one, and accepts a newer one [T13, T19]", async () => {
    const sim = await createTufSimulator();
    const old = fileOf(sim, "timestamp.json");
    // Of the same snapshot, so that nothing but the timestamp's own version goes back.
    sim.timestamp.version += 1;
    const cached = await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "root" });
    set.updateTimestamp(cached);
    expect(refusalOf(set, () => set.updateTimestamp(old))).toBe("TUF_ROLLBACK");
    await sim.publishRelease();
    expect(set.updateTimestamp(fileOf(sim, "timestamp.json"))).toBe("updated");
  });

  test("refuses a newer timestamp that names an older snapshot, and accepts a correct one [T13, T19]", async () => {
    const sim = await createTufSimulator();
    await sim.publishRelease();
    const set = trustSimulator(sim, { until: "timestamp" });
    sim.timestamp.version = 3;
    sim.timestamp.snapshot.version = 1;
    const file = await sim.publishTimestamp();
    expect(refusalOf(set, () => set.updateTimestamp(file))).toBe("TUF_ROLLBACK");
    sim.timestamp.snapshot.version = 2;
    expect(set.updateTimestamp(await sim.publishTimestamp())).toBe("updated");
  });

  test("drops other content with the current version", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "timestamp" });
    const before = set.timestamp;
    sim.timestamp.snapshot.version = 9;
    expect(set.updateTimestamp(await sim.publishTimestamp())).toBe("unchanged");
    expect(set.timestamp).toBe(before);
  });

  test("an expired timestamp still prevents rollback, but nothing may follow it", async () => {
    const sim = await createTufSimulator();
    await sim.publishRelease();
    const later = sim.timestamp.expires;
    sim.timestamp.expires = past;
    sim.timestamp.version = 7;
    const expired = await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "root" });
    expect(set.updateTimestamp(expired)).toBe("updated");
    expect(refusalOf(set, () => set.updateSnapshot(fileOf(sim, "2.snapshot.json"), "source"))).toBe("TUF_EXPIRED");
    sim.timestamp.expires = later;
    sim.timestamp.version = 6;
    const older = await sim.publishTimestamp();
    expect(refusalOf(set, () => set.updateTimestamp(older))).toBe("TUF_ROLLBACK");
  });

  test("replaying a whole old repository fails against the cache, and by expiry without one [T41]", async () => {
    const sim = await createTufSimulator();
    const replay = fileOf(sim, "timestamp.json");
    // The snapshot stays: only the timestamp is older.
    sim.timestamp.version += 1;
    await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "timestamp" });
    expect(refusalOf(set, () => set.updateTimestamp(replay))).toBe("TUF_ROLLBACK");
    const late = new Date(sim.timestamp.expires.getTime() + 1000);
    // Only the timestamp has expired.
    for (const document of [sim.root, sim.snapshot, sim.targets]) document.expires = new Date(late.getTime() + 1000);
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishTargets();
    await sim.publishSnapshot();
    await sim.publishTimestamp();
    expectRefused(() => trustSimulator(sim, { now: late }), "TUF_EXPIRED", {
      details: expect.objectContaining({ role: "timestamp" }) as unknown,
    });
  });

  test("after a fast-forward, rotated keys make the cached files unverifiable, and lower versions are accepted again [T27]", async () => {
    const sim = await createTufSimulator();
    sim.timestamp.version = 2 ** 53 - 2;
    sim.snapshot.version = 2 ** 53 - 3;
    await sim.publishSnapshot();
    const cached = { timestamp: await sim.publishTimestamp(), snapshot: await sim.publishSnapshot() };
    sim.rotateKeys("timestamp");
    sim.rotateKeys("snapshot");
    sim.root.version += 1;
    await sim.publishRoot();
    sim.snapshot.version = 2;
    sim.timestamp.version = 2;
    await sim.publishSnapshot();
    await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "root" });
    expect(refusalOf(set, () => set.updateTimestamp(cached.timestamp))).toBe("TUF_THRESHOLD_NOT_MET");
    expect(set.updateTimestamp(wantedFileOf(sim, set, "timestamp"))).toBe("updated");
    expect(refusalOf(set, () => set.updateSnapshot(cached.snapshot, "cache"))).toBe("TUF_THRESHOLD_NOT_MET");
    expect(set.updateSnapshot(wantedFileOf(sim, set, "snapshot"), "source")).toBe("current");
  });
});

describe("snapshot", () => {
  test("refuses a snapshot whose bytes or version are not the timestamp's [T20]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "timestamp" });
    const spaced = Buffer.concat([fileOf(sim, "1.snapshot.json"), Buffer.from(" ")]);
    expect(refusalOf(set, () => set.updateSnapshot(spaced, "source"))).toBe("TUF_LENGTH_MISMATCH");
    const text = Buffer.from(fileOf(sim, "1.snapshot.json")).toString();
    const swapped = Buffer.from(text.replace('"version":1', '"version":2'));
    expect(refusalOf(set, () => set.updateSnapshot(swapped, "source"))).toBe("TUF_HASH_MISMATCH");
    const plain = await createTufSimulator({ metaHashes: "versions-only" });
    const other = trustSimulator(plain, { until: "timestamp" });
    plain.snapshot.version = 2;
    const next = await plain.publishSnapshot();
    expect(refusalOf(other, () => other.updateSnapshot(next, "source"))).toBe("TUF_VERSION_MISMATCH");
  });

  test.each(["goes back", "disappears"])(
    "refuses a snapshot in which a role %s from the cached one [T13, T18]",
    async (how) => {
      const sim = await createTufSimulator();
      sim.addDelegation("targets", { name: "team" });
      await sim.publishRelease();
      await sim.publishRelease();
      const cached = fileOf(sim, sim.fileName("snapshot", sim.snapshot.version));
      const old = sim.snapshot.meta.get("team.json");
      if (how === "disappears") sim.snapshot.meta.delete("team.json");
      else sim.snapshot.meta.set("team.json", { version: 1, unrecognized: {} });
      sim.snapshot.version += 1;
      sim.timestamp.version += 1;
      await sim.publishSnapshot();
      await sim.publishTimestamp();
      const set = trustSimulator(sim, { until: "timestamp" });
      expect(set.updateSnapshot(cached, "cache")).toBe("stale");
      const attack = wantedFileOf(sim, set, "snapshot");
      expect(refusalOf(set, () => set.updateSnapshot(attack, "source"))).toBe(
        how === "disappears" ? "TUF_ROLE_MISSING" : "TUF_ROLLBACK",
      );
      expect(refusalOf(set, () => set.updateTargets(fileOf(sim, "3.targets.json")))).toBe("TUF_VERSION_MISMATCH");
      if (old !== undefined) sim.snapshot.meta.set("team.json", old);
      sim.snapshot.version += 1;
      sim.timestamp.version += 1;
      await sim.publishSnapshot();
      await sim.publishTimestamp();
      expect(trustSimulator(sim).snapshot?.signed.version).toBe(5);
    },
  );

  test("refuses an expired snapshot from the source, and targets after an expired cached one", async () => {
    const sim = await createTufSimulator();
    sim.snapshot.expires = past;
    sim.snapshot.version = 2;
    sim.timestamp.version = 2;
    const file = await sim.publishSnapshot();
    await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "timestamp" });
    expect(refusalOf(set, () => set.updateSnapshot(file, "source"))).toBe("TUF_EXPIRED");
    expect(set.updateSnapshot(file, "cache")).toBe("stale");
    expect(refusalOf(set, () => set.updateTargets(fileOf(sim, "1.targets.json")))).toBe("TUF_EXPIRED");
  });

  test("the cached snapshot that the timestamp names is current", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "timestamp" });
    expect(set.updateSnapshot(fileOf(sim, "1.snapshot.json"), "cache")).toBe("current");
    set.updateTargets(fileOf(sim, "1.targets.json"));
    expect(set.targets?.signed.version).toBe(1);
  });
});

describe("targets", () => {
  test("refuses targets of another version or other bytes than the snapshot's: mix and match [T13]", async () => {
    for (const metaHashes of ["hashes", "versions-only"] as const) {
      const sim = await createTufSimulator({ metaHashes });
      await sim.publishRelease();
      const set = trustSimulator(sim, { until: "snapshot" });
      const wanted = metaHashes === "hashes" ? "TUF_HASH_MISMATCH" : "TUF_VERSION_MISMATCH";
      expect(refusalOf(set, () => set.updateTargets(fileOf(sim, "1.targets.json")))).toBe(wanted);
    }
  });

  test("refuses expired targets", async () => {
    const sim = await createTufSimulator();
    sim.targets.expires = past;
    await sim.publishRelease();
    const set = trustSimulator(sim, { until: "snapshot" });
    expect(refusalOf(set, () => set.updateTargets(wantedFileOf(sim, set, "targets")))).toBe("TUF_EXPIRED");
  });

  test("refuses a snapshot without targets.json with a code, not a crash [T33]", async () => {
    const sim = await createTufSimulator();
    const targets = fileOf(sim, "1.targets.json");
    sim.snapshot.meta.clear();
    sim.snapshot.version = 2;
    sim.timestamp.version = 2;
    await sim.publishSnapshot();
    await sim.publishTimestamp();
    const set = trustSimulator(sim, { until: "snapshot" });
    expect(refusalOf(set, () => set.updateTargets(targets))).toBe("TUF_ROLE_MISSING");
    expectRefused(() => set.wanted("targets"), "TUF_ROLE_MISSING");
  });

  test("a signed file of another repository with the same keys still needs this one's snapshot [T28]", async () => {
    const sim = await createTufSimulator();
    const set = trustSimulator(sim, { until: "snapshot" });
    const foreign = await signDocument(
      { ...sim.targets, unrecognized: { other: true } },
      sim.signers.get("targets") ?? [],
    );
    expect(refusalOf(set, () => set.updateTargets(foreign))).toBe("TUF_LENGTH_MISMATCH");
    expect(set.now).toEqual(testNow);
  });
});
