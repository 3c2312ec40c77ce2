import { createTestSigner } from "@dtuf/testing/keys";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import type { Signer } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { createVictim, outcome } from "./victim.ts";

const keys: readonly Signer[] = Array.from({ length: 6 }, () => createTestSigner());

/** Digits are keys: which a root lists, how many it wants, which signed it. */
interface RootOf {
  readonly lists: string;
  readonly wants: number;
  readonly signedBy: string;
}

function some(digits: string): Signer[] {
  return Array.from(digits, (digit) => keys[Number(digit)] ?? createTestSigner());
}

async function publishRootOf(sim: TufSimulator, version: number, { lists, wants, signedBy }: RootOf): Promise<void> {
  sim.root.version = version;
  sim.root.roles.root = { keyIds: [], threshold: wants, unrecognized: {} };
  for (const signer of some(lists)) sim.addSigner("root", signer);
  sim.signers.set("root", some(signedBy));
  await sim.publishRoot();
}

const cases: readonly (readonly [what: string, roots: readonly RootOf[], wanted: string, version: number])[] = [
  ["one key for another, both sign", [one("0", "0"), one("1", "01")], "accepted", 2],
  ["one key for another, the old one alone signs", [one("0", "0"), one("1", "0")], "TUF_THRESHOLD_NOT_MET", 1],
  ["one key for another, the new one alone signs", [one("0", "0"), one("1", "1")], "TUF_THRESHOLD_NOT_MET", 1],
  ["a key more, which need not sign", [one("0", "0"), one("01", "0")], "accepted", 2],
  ["a higher threshold that is not met", [one("01", "0"), two("01", "0")], "TUF_THRESHOLD_NOT_MET", 1],
  ["a higher threshold that is met", [one("01", "0"), two("01", "01")], "accepted", 2],
  ["two of three for two others, all sign", [two("012", "01"), two("345", "0134")], "accepted", 2],
  ["two of three, one old signature too few", [two("012", "01"), two("345", "034")], "TUF_THRESHOLD_NOT_MET", 1],
  ["two of three, one new signature too few", [two("012", "01"), two("345", "013")], "TUF_THRESHOLD_NOT_MET", 1],
  [
    "two of three with one key in common, which counts on both sides",
    [two("012", "01"), two("234", "1234")],
    "accepted",
    2,
  ],
  [
    "a lower threshold: the old one must be met once more",
    [two("01", "01"), one("0", "0")],
    "TUF_THRESHOLD_NOT_MET",
    1,
  ],
  ["a lower threshold, met by both", [two("01", "01"), one("0", "01")], "accepted", 2],
  ["two steps, each signed by its predecessor", [one("0", "0"), one("1", "01"), one("2", "12")], "accepted", 3],
  [
    "two steps, the second signed by the first root's key",
    [one("0", "0"), one("1", "01"), one("2", "02")],
    "TUF_THRESHOLD_NOT_MET",
    2,
  ],
];

function one(lists: string, signedBy: string): RootOf {
  return { lists, wants: 1, signedBy };
}

function two(lists: string, signedBy: string): RootOf {
  return { lists, wants: 2, signedBy };
}

describe("a root rotation", () => {
  test.each(cases)("of %s", async (...[, roots, wanted, version]) => {
    const sim = await createTufSimulator();
    for (const [index, root] of roots.entries()) await publishRootOf(sim, index + 1, root);
    await using victim = await createVictim(sim);
    expect(await outcome(victim.copy(createSimulatorSource(sim)).pullMetadata())).toBe(wanted);
    expect((await victim.trusted())[0]).toBe(`${version}.root`);
  });
});

describe.each(["timestamp", "snapshot", "targets"] as const)("once the root names another key for %s", (role) => {
  test("the old key signs nothing any more, and what it signed before is fetched again", async () => {
    const sim = await createTufSimulator();
    await using victim = await createVictim(sim);
    const pull = (): Promise<string> => outcome(victim.copy(createSimulatorSource(sim)).pullMetadata());
    expect(await pull()).toBe("accepted");
    const stolen = sim.signers.get(role) ?? [];
    sim.rotateKeys(role);
    const rightful = sim.signers.get(role) ?? [];
    sim.root.version = 2;
    await sim.publishRoot();
    sim.signers.set(role, stolen);
    await sim.publishRelease();
    expect(await pull()).toBe("TUF_THRESHOLD_NOT_MET");
    expect((await victim.trusted())[0]).toBe("2.root");
    expect(await victim.trusted()).toContain(`1.${role}`);
    sim.signers.set(role, rightful);
    await sim.publishRelease();
    expect(await pull()).toBe("accepted");
    expect(await victim.trusted()).toEqual(["2.root", "3.timestamp", "3.snapshot", "3.targets"]);
  });
});
