import { expectRefused } from "@dtuf/testing/expect-refused";
import { createFixedClock } from "@dtuf/testing/fixed-clock";
import { createSimulatorSource } from "@dtuf/testing/tuf-simulator/simulator-source";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { createCopy, type Copy } from "./copy.ts";
import type { CopyEvent } from "./events.ts";

const directory = useDirectory();
let sim: TufSimulator;
let events: CopyEvent[];

beforeEach(async () => {
  sim = await createTufSimulator();
  events = [];
});

async function pulled(): Promise<Copy> {
  const { now } = createFixedClock("2030-01-02T00:00:00Z");
  const source = createSimulatorSource(sim);
  const copy = createCopy({ source, place: "simulator", directory, now, onEvent: (event) => events.push(event) });
  const bytes = sim.files.get("1.root.json") ?? new Uint8Array();
  await copy.pullMetadata({ pin: { kind: "root", bytes }, delegations: "skip" });
  return copy;
}

/** Each comparison goes back a hundred times, and none but the last pattern matches. */
const many = Array.from({ length: 300 }, (_, at) => at);
const worst = many.map((at) => `*${"a".repeat(150)}b${at}`);
const names = many.map((at) => `${"a".repeat(300)}-${at}`);

async function publishHostile(place: "in the delegation" | "in a terminating delegation before it"): Promise<void> {
  const isBefore = place === "in a terminating delegation before it";
  sim.addTarget("top", Buffer.from("top"));
  sim.addDelegation("targets", { name: "evil", paths: ["*"] });
  if (isBefore) sim.addDelegation("evil", { name: "before", paths: worst, terminating: true });
  sim.addDelegation("evil", { name: "inner", paths: isBefore ? ["*"] : [...worst, "*-299"] });
  for (const name of names) sim.addTarget(name, Buffer.from("x"), { role: "inner" });
  sim.addDelegation("targets", { name: "good", paths: ["good/*"] });
  sim.addTarget("good/a", Buffer.from("a"), { role: "good" });
  await sim.publishRelease();
}

describe.each(["in the delegation", "in a terminating delegation before it"] as const)(
  "patterns of a delegate that are made to cost, %s,",
  (place) => {
    test("end a list with an error after a bounded number of steps, and a refresh goes on without the role [T290]", async () => {
      await publishHostile(place);
      const copy = await pulled();
      await expectRefused(Array.fromAsync(copy.listTargets()), "TUF_LIMIT_EXCEEDED");
      const { updatedTargets } = await copy.pullMetadata();
      expect(updatedTargets).toEqual(expect.arrayContaining(["top", "good/a"]));
      expect(events).toContainEqual(expect.objectContaining({ kind: "role-skipped", role: "inner" }));
    });

    test("do not keep a timer from ending the list [T290]", async () => {
      await publishHostile(place);
      const copy = await pulled();
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 1);
      await expect(Array.fromAsync(copy.listTargets({ signal: stop.signal }))).rejects.toThrow("aborted");
    });

    test("change nothing for the search of one path", async () => {
      await publishHostile(place);
      const copy = await pulled();
      expect(await copy.findTarget(parseTargetPath(names[299] ?? ""))).toMatchObject({ role: "inner" });
      expect(await copy.findTarget(parseTargetPath("good/a"))).toMatchObject({ role: "good" });
    });
  },
);

test("ten thousand projects that are delegated by name are listed, each compared with its own pattern [T290]", async () => {
  const projects = Array.from({ length: 10_000 }, (_, at) => `projects/name-${at}`);
  sim.addDelegation("targets", { name: "all", paths: ["*/*/*"] });
  sim.addDelegation("all", { name: "projects", paths: projects.map((project) => `${project}/*.tar.gz`) });
  for (const project of projects) sim.addTarget(`${project}/it.tar.gz`, Buffer.from("x"), { role: "projects" });
  await sim.publishRelease();
  const copy = await pulled();
  expect(await Array.fromAsync(copy.listTargets())).toHaveLength(10_000);
});
