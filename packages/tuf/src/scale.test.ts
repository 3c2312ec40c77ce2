/** Repositories of PyPI's size are verified; a quadratic reader would exceed the test's time limit. */
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { trustSimulator, wantedFileOf } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { expect, test, vi } from "vitest";
import { binNames } from "./succinct.ts";
import { parseTargetPath } from "./names.ts";

vi.setConfig({ testTimeout: 120_000 });

test("100,000 targets in one role verify", async () => {
  const sim = await createTufSimulator();
  for (let n = 0; n < 100_000; n += 1) {
    const hashes = new Map([["sha256", n.toString(16).padStart(64, "0")]]);
    sim.targets.targets.set(parseTargetPath(`packages/name-${n}.tar.gz`), { length: n, hashes, unrecognized: {} });
  }
  await sim.publishRelease();
  const { targets } = trustSimulator(sim);
  expect(targets?.signed.targets.size).toBe(100_000);
  expect(targets?.signed.targets.get(parseTargetPath("packages/name-99999.tar.gz"))?.length).toBe(99_999);
});

test("a snapshot of 16,384 bins verifies twice, the second time against the cached one", async () => {
  const sim = await createTufSimulator();
  const shape = { bitLength: 14, namePrefix: "bin", keyIds: [], threshold: 1, unrecognized: {} };
  const hashes = new Map([["sha256", "ab".repeat(32)]]);
  for (const name of binNames(shape)) {
    sim.snapshot.meta.set(`${name}.json`, { version: 1, length: 1000, hashes, unrecognized: {} });
  }
  await sim.publishRelease();
  const cached = wantedFileOf(sim, trustSimulator(sim, { until: "timestamp" }), "snapshot");
  await sim.publishRelease();
  const set = trustSimulator(sim, { until: "timestamp" });
  expect(set.updateSnapshot(cached, "cache")).toBe("stale");
  expect(set.updateSnapshot(wantedFileOf(sim, set, "snapshot"), "source")).toBe("current");
  expect(set.snapshot?.signed.meta.size).toBe(16_385);
});

test("16,384 listed delegations verify", async () => {
  const sim = await createTufSimulator();
  const [signer] = sim.signers.get("targets") ?? [];
  if (signer === undefined) throw new TypeError("no signer");
  const roles = Array.from({ length: 16_384 }, (_, n) => n.toString(16).padStart(4, "0"));
  for (const name of roles.slice(0, 1)) sim.addDelegation("targets", { name, signers: [signer] });
  const { delegations } = sim.targets;
  if (delegations?.kind !== "listed") throw new TypeError("no delegations");
  const [first] = delegations.roles;
  if (first === undefined) throw new TypeError("no role");
  delegations.roles = roles.map((name) => ({ ...first, name: name as typeof first.name }));
  await sim.publishRelease();
  const verified = trustSimulator(sim).targets?.signed.delegations;
  expect(verified?.kind === "listed" && verified.roles.length).toBe(16_384);
});
