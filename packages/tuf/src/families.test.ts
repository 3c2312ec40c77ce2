import { createTestSigner } from "@dtuf/testing/keys";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { familiesField, parseFamilies, type FamilyCounts } from "./families.ts";
import type { JsonObject } from "./json.ts";
import { topLevelRoles } from "./names.ts";
import { createTrustedSet, type TrustedSet } from "./trusted-set.ts";

const now = new Date("2030-01-02T00:00:00Z");

/** Each top-level role has an ed25519 and an ML-DSA key, a threshold of one, and the root requires one of ML-DSA. */
async function createHybrid(): Promise<TufSimulator> {
  const sim = await createTufSimulator();
  for (const role of topLevelRoles) {
    sim.addSigner(role, createTestSigner("ml-dsa-44"));
    sim.root.roles[role].families = new Map([["ml-dsa", 1]]);
  }
  await sim.publishRoot();
  await sim.publishRelease();
  return sim;
}

const fileOf = (sim: TufSimulator, name: string): Uint8Array => sim.files.get(name) ?? new Uint8Array();

function pinned(sim: TufSimulator, version = 1): TrustedSet {
  return createTrustedSet({ root: fileOf(sim, `${version}.root.json`), now });
}

/** What an attacker can publish who can forge signatures of any ed25519, ECDSA and RSA key, but of no ML-DSA key. */
function forgeWithoutMlDsa(sim: TufSimulator): void {
  for (const [role, signers] of sim.signers) {
    sim.signers.set(
      role,
      signers.filter(({ key }) => key.keyType !== "ml-dsa"),
    );
  }
}

describe("a root that requires ML-DSA signatures", () => {
  test("a release signed by both families is accepted", async () => {
    const sim = await createHybrid();
    const set = pinned(sim, 1);
    set.finishRoot();
    expect(set.updateTimestamp(fileOf(sim, "timestamp.json"))).toBe("updated");
  });

  test("signatures of every other family update no role", async () => {
    const sim = await createHybrid();
    const set = pinned(sim, 1);
    forgeWithoutMlDsa(sim);
    sim.root.version += 1;
    await sim.publishRoot();
    await sim.publishRelease();
    const before = set.root.bytes;
    expectRefused(() => set.updateRoot(fileOf(sim, "2.root.json")), "TUF_THRESHOLD_NOT_MET");
    expect(set.root.bytes).toBe(before);
    set.finishRoot();
    expectRefused(() => set.updateTimestamp(fileOf(sim, "timestamp.json")), "TUF_THRESHOLD_NOT_MET", {
      message: expect.stringContaining("ml-dsa") as string,
    });
    expect(set.timestamp).toBeUndefined();
  });

  test.each<[string, FamilyCounts | undefined]>([
    ["drops the requirement", undefined],
    ["drops it for one role", new Map()],
  ])("no later root %s, even with signatures of every family by its own keys", async (what, families) => {
    const sim = await createHybrid();
    const set = pinned(sim, 1);
    for (const role of what.endsWith("one role") ? (["targets"] as const) : topLevelRoles) {
      if (families === undefined) delete sim.root.roles[role].families;
      else sim.root.roles[role].families = new Map(families);
    }
    sim.root.version += 1;
    await sim.publishRoot();
    expectRefused(() => set.updateRoot(fileOf(sim, "2.root.json")), "TUF_FAMILY_DROPPED");
    expect(set.root.signed.version).toBe(1);
  });

  test("a later root may raise it", async () => {
    const sim = await createHybrid();
    const set = pinned(sim, 1);
    sim.addSigner("targets", createTestSigner("ml-dsa-44"));
    sim.root.roles.targets.families = new Map([["ml-dsa", 2]]);
    sim.root.version += 1;
    await sim.publishRoot();
    expect(set.updateRoot(fileOf(sim, "2.root.json")).signed.roles.targets.families?.get("ml-dsa")).toBe(2);
  });
});

test.each<[string, JsonObject]>([
  ["an unknown role", { mirrors: { "ml-dsa": 1 } }],
  ["an unknown family", { root: { "slh-dsa": 1 } }],
  ["no signature", { root: { "ml-dsa": 0 } }],
  ["a role without the root's own keys", { targets: { "ml-dsa": 1 } }],
])("a requirement of %s is malformed", (_what, field) => {
  expectRefused(() => parseFamilies({ [familiesField]: field }), "TUF_MALFORMED");
});
