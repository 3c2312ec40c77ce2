/** A simulated repository of four targets, and what a client must get of it from every source. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTargetPath, type TargetPath } from "@dtuf/tuf";
import { expect } from "vitest";
import { bytesOf } from "../oci-content.ts";
import { createTufSimulator, type TufSimulator } from "./tuf-simulator.ts";

/** One is large, one empty, and one of a delegated role. */
export async function createFourTargets(large: Uint8Array): Promise<TufSimulator> {
  const sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("hello"));
  sim.addTarget("dir/large.bin", large);
  sim.addTarget("empty", new Uint8Array());
  sim.addDelegation("targets", { name: "team/a", paths: ["team/*"] });
  sim.addTarget("team/b c?#.txt", Buffer.from("delegated"), { role: "team/a" });
  await sim.publishRelease();
  return sim;
}

export function pinOf(sim: TufSimulator): { readonly kind: "root"; readonly bytes: Uint8Array } {
  return { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() };
}

interface Client<T> {
  pullMetadata(options?: {
    readonly pin: ReturnType<typeof pinOf>;
  }): Promise<{ readonly status: string; readonly updatedTargets: readonly string[] }>;
  listTargets(): AsyncIterable<string>;
  findTarget(path: TargetPath): Promise<T | undefined>;
  openTarget(target: T): Promise<AsyncIterable<Uint8Array>>;
  saveTarget(target: T, destination: string): Promise<unknown>;
}

/** The client's state lies in `home` too. */
export async function expectFourTargets<T>(copy: Client<T>, sim: TufSimulator, home: string): Promise<void> {
  const result = await copy.pullMetadata({ pin: pinOf(sim) });
  expect(result.updatedTargets.toSorted()).toEqual(["a.txt", "dir/large.bin", "empty", "team/b c?#.txt"]);
  for (const [path, bytes] of sim.targetFiles) {
    const target = await copy.findTarget(parseTargetPath(path));
    if (target === undefined) throw new TypeError(`${path} was not found`);
    expect((await bytesOf(await copy.openTarget(target))).equals(bytes)).toBe(true);
    const destination = join(home, "saved");
    await copy.saveTarget(target, destination);
    expect((await readFile(destination)).equals(bytes)).toBe(true);
  }
  expect(await copy.pullMetadata()).toMatchObject({ status: "unchanged", updatedTargets: [] });
  const paths: string[] = [];
  for await (const path of copy.listTargets()) paths.push(path);
  expect(paths).toHaveLength(4);
  expect(await copy.findTarget(parseTargetPath("nowhere"))).toBeUndefined();
  expect(await readdir(home)).not.toContainEqual(expect.stringContaining(".dtuf"));
}
