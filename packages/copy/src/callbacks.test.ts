import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath, TufError } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "./copy.ts";
import type { CopyEvent } from "./events.ts";
import { createMirroredSource } from "./sources/mirrored-source.ts";
import type { TargetInfo } from "./sources/source.ts";

const home = useDirectory();
let sim: TufSimulator;
let events: CopyEvent[];
let requests: readonly (readonly string[])[];
const path = parseTargetPath("a.txt");

beforeEach(async () => {
  events = [];
  sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("hello"), { custom: { note: { deep: ["x"] } } });
  sim.addDelegation("targets", { name: "team", paths: ["team/*"] });
  await sim.publishRelease();
});

function createTestCopy(
  onEvent = (event: CopyEvent): void => void events.push(event),
  first: "up" | "down" = "up",
): Copy {
  const answer = (): "serve" => {
    if (first === "down") throw new TypeError("down");
    return "serve";
  };
  const sources = [createSimulatorSource(sim, { name: "one", answer }), createSimulatorSource(sim, { name: "two" })];
  requests = sources.map((source) => source.requests);
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  return createCopy({ source: createMirroredSource(sources), place: "x", directory: join(home, "copy"), now, onEvent });
}

function pin(): { readonly kind: "root"; readonly bytes: Uint8Array } {
  return { kind: "root", bytes: sim.files.get("1.root.json") ?? new Uint8Array() };
}

async function found(copy: Copy): Promise<TargetInfo> {
  await copy.pullMetadata({ pin: pin() });
  const target = await copy.findTarget(path);
  if (target === undefined) throw new TypeError("not found");
  return target;
}

// A TufError is usually a failure of a site.
const faults = [new TypeError("of the callback"), new TufError("TUF_HASH_MISMATCH", "of the callback")];

describe("an error of a callback ends the call, and no site is skipped because of it", () => {
  test.each(faults)("onProgress of a refresh: %s", async (fault) => {
    const copy = createTestCopy();
    const onProgress = (): never => {
      throw fault;
    };
    await expect(copy.pullMetadata({ pin: pin(), onProgress })).rejects.toBe(fault);
    expect(events).toEqual([]);
    expect(requests[1]).toEqual([]);
  });

  test.each(faults)("onProgress of a delegated role: %s", async (fault) => {
    const copy = createTestCopy();
    const onProgress = ({ name }: { readonly name: string }): void => {
      if (name === "team") throw fault;
    };
    await expect(copy.pullMetadata({ pin: pin(), onProgress })).rejects.toBe(fault);
    expect(events).toEqual([]);
    expect(requests[1]).toEqual([]);
  });

  test.each(faults)("onProgress of a target: %s", async (fault) => {
    const copy = createTestCopy();
    const target = await found(copy);
    const onProgress = (): never => {
      throw fault;
    };
    const file = join(home, "a.txt");
    await expect(copy.openTarget(target, { onProgress })).rejects.toBe(fault);
    await expect(copy.saveTarget(target, file, { onProgress, partial: "remove" })).rejects.toBe(fault);
    expect(events).toEqual([]);
    expect(requests[1]).toEqual([]);
    expect(await readdir(home)).toEqual(["copy"]);
  });

  test.each(faults)("onEvent: %s", async (fault) => {
    const onEvent = (): never => {
      throw fault;
    };
    await expect(createTestCopy(onEvent, "down").pullMetadata({ pin: pin() })).rejects.toBe(fault);
    expect(requests[1]).toEqual([]);
  });
});

test("saveTarget that is aborted in its last callback does not commit", async () => {
  const copy = createTestCopy();
  const target = await found(copy);
  const controller = new AbortController();
  const reason = new TypeError("the user stopped it");
  const options = { signal: controller.signal, partial: "remove", onProgress: () => controller.abort(reason) } as const;
  await expect(copy.saveTarget(target, join(home, "a.txt"), options)).rejects.toBe(reason);
  expect(await readdir(home)).toEqual(["copy"]);
});

test("a call with an aborted signal does nothing", async () => {
  const copy = createTestCopy();
  const target = await found(copy);
  const call = { signal: AbortSignal.abort(new TypeError("before")) };
  await expect(copy.pullMetadata(call)).rejects.toThrow("before");
  await expect(copy.findTarget(path, call)).rejects.toThrow("before");
  await expect(copy.openTarget(target, call)).rejects.toThrow("before");
});

test("results are deeply frozen copies of the trusted set", async () => {
  const copy = createTestCopy();
  const target = await found(copy);
  const maps = [target.hashes, target.file.hashes] as Map<string, string>[];
  for (const map of maps) expect(() => map.set("sha256", "0".repeat(64))).toThrow(TypeError);
  for (const map of maps) expect(() => map.clear()).toThrow(TypeError);
  const note = target.file.custom?.["note"];
  for (const part of [target, target.file, target.blobs, target.blobs[0], target.file.custom, note]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
  const { expirations } = await copy.pullMetadata();
  for (const expires of expirations.values()) expires.setTime(0);
  const before = structuredClone(requests);
  expect(await copy.findTarget(path)).toEqual(target);
  // If the set had expired, it would have been fetched again.
  expect(requests).toEqual(before);
});
