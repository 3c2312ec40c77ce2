import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Copy, TargetInfo } from "@dtuf/copy";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { beforeEach, describe, expect, test } from "vitest";
import { createVictim, outcome } from "./victim.ts";

let sim: TufSimulator;
beforeEach(async () => {
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("as published"));
  sim.addTarget("dir/b.txt", Buffer.from("also as published"));
  await sim.publishRelease();
});

async function found(copy: Copy, path: string): Promise<TargetInfo> {
  const target = await copy.findTarget(parseTargetPath(path));
  if (target === undefined) throw new TypeError(`${path} was not found`);
  return target;
}

describe("a target", () => {
  test.each([
    ["of the same length", "AS PUBLISHED", "TUF_HASH_MISMATCH"],
    ["that is longer", "as published, and more", "TUF_LENGTH_MISMATCH"],
    ["that is shorter", "as pub", "TUF_LENGTH_MISMATCH"],
  ])(
    "%s: other bytes than the signed ones never reach the destination, a stream, or the next call",
    async (...[, text, code]) => {
      await using victim = await createVictim(sim);
      const destination = join(victim.home, "saved");
      await writeFile(destination, "what was there");
      const before = await readdir(victim.home);
      const copy = victim.copy(createSimulatorSource(sim, { target: () => Buffer.from(text) }));
      const target = await found(copy, "a.txt");
      const state = await victim.state();
      expect(await outcome(copy.saveTarget(target, destination))).toBe(code);
      expect(await readFile(destination, "utf8")).toBe("what was there");
      expect(await readdir(victim.home)).toEqual(before);
      // Refused before there is a stream: none of its bytes can be read.
      expect(await outcome(copy.openTarget(target))).toBe(code);
      expect(await victim.state()).toEqual(state);

      const honest = victim.copy(createSimulatorSource(sim));
      await honest.saveTarget(await found(honest, "a.txt"), destination);
      expect(await readFile(destination, "utf8")).toBe("as published");
    },
  );

  test("that changes with every release is always the one last signed, never the bytes put in its place", async () => {
    await using victim = await createVictim(sim);
    const destination = join(victim.home, "saved");
    for (let round = 0; round < 4; round += 1) {
      sim.addTarget("a.txt", Buffer.from(`round ${round}`));
      await sim.publishRelease();
      const copy = victim.copy(createSimulatorSource(sim));
      await copy.saveTarget(await found(copy, "a.txt"), destination);
      expect(await readFile(destination, "utf8")).toBe(`round ${round}`);
      sim.targetFiles.set("a.txt", Buffer.from(`evil ${round}`));
      const again = victim.copy(createSimulatorSource(sim));
      expect(await outcome(again.saveTarget(await found(again, "a.txt"), destination))).toMatch(/^TUF_/);
      expect(await readFile(destination, "utf8")).toBe(`round ${round}`);
    }
  });

  test("that is asked for refreshes first, also where it does not exist", async () => {
    await using victim = await createVictim(sim);
    const source = createSimulatorSource(sim);
    expect(await victim.copy(source).findTarget(parseTargetPath("nowhere"))).toBeUndefined();
    expect(source.requests).toEqual(["2.root", "timestamp", "2.snapshot", "2.targets"]);
    expect(await victim.trusted()).toEqual(["1.root", "2.timestamp", "2.snapshot", "2.targets"]);
  });

  test("of another one's content is refused: two targets swapped by the mirror", async () => {
    await using victim = await createVictim(sim);
    const swapped = (path: string): Uint8Array | undefined =>
      sim.targetFiles.get(path === "a.txt" ? "dir/b.txt" : "a.txt");
    const copy = victim.copy(createSimulatorSource(sim, { target: swapped }));
    for (const path of ["a.txt", "dir/b.txt"]) {
      const target = await found(copy, path);
      expect(await outcome(copy.saveTarget(target, join(victim.home, "saved")))).toBe("TUF_LENGTH_MISMATCH");
    }
    expect(await readdir(victim.home)).toEqual(["copy"]);
  });
});
