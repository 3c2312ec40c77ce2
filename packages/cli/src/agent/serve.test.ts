import { AgentError } from "@dtuf/agent";
import { expect, test } from "vitest";
import { waitAfter, type Round } from "./serve.ts";

const [minute, hour] = [60_000, 3_600_000];
const start = new Date("2030-01-01T12:00:00Z");

function roundWith(random: number): Round {
  return { everyMs: 6 * hour, failures: 0, now: () => start, random: () => random };
}

const held = (until?: string): AgentError =>
  new AgentError("AGENT_HELD", "it waits", { details: { ...(until === undefined ? {} : { until }) } });

test.each([
  [0, 5.4],
  [0.5, 6],
  [1, 6.6],
])("machines ask at different times: chance %d, %d hours", (random, hours) => {
  expect(waitAfter(roundWith(random), undefined)).toBeCloseTo(hours * hour, 5);
});

test("after a failure it is a minute, then twice as long each time, and never longer than a round", () => {
  const round = roundWith(0.5);
  const waits = Array.from({ length: 40 }, () => waitAfter(round, new TypeError("failed")) / minute);
  expect(waits.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
  expect(waits.at(-1)).toBe(360);
});

test.each([0, 0.5, 1])(
  "the opening of a window is not missed by more than five minutes, whatever chance says: %d",
  (random) => {
    const until = new Date(start.getTime() + 4 * hour).toISOString();
    const late = waitAfter(roundWith(random), held(until)) - 4 * hour;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThanOrEqual(5 * minute);
  },
);

test("an opening that is further away than a round, and one that is over, wait for a round and for a second", () => {
  expect(waitAfter(roundWith(0.5), held("2030-01-03T00:00:00Z"))).toBe(6 * hour);
  expect(waitAfter(roundWith(0), held("2029-01-01T00:00:00Z"))).toBe(1000);
  expect(waitAfter(roundWith(0.5), held())).toBe(15 * minute);
});
