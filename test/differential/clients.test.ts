import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClients } from "./clients.ts";
import { begin, history, paths, take, type Step } from "./histories.ts";

async function expectAgreement(steps: readonly Step[]): Promise<void> {
  const sim = await createTufSimulator({ now: new Date() });
  await begin(sim);
  await using clients = await createClients(sim);
  for (const step of [...steps, { kind: "refresh" } as const]) {
    await take(sim, step);
    if (step.kind !== "refresh") continue;
    const [ours, theirs] = [await clients.ours.refresh(paths), await clients.theirs.refresh(paths)];
    const why = `ours: ${String(clients.ours.reason())}; tuf-js: ${String(clients.theirs.reason())}`;
    expect({ verdict: ours, why }).toEqual({ verdict: theirs, why });
  }
}

describe("two clients, one repository", () => {
  test("agree on whatever happened to it", async () => {
    await fc.assert(fc.asyncProperty(history, expectAgreement), { numRuns: 40 });
  });
});
