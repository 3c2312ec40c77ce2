/** A team runs one repository for 400 days. `DTUF_PRINT_YEAR=1` prints the year as a table. */
import process from "node:process";
import { expect, test } from "vitest";
import { year } from "./story.ts";
import type { StoryEvent } from "./words.ts";
import { describeYear, live } from "./year.ts";

const patience = { timeout: 600_000 };

test(
  "in 400 days no client is stuck, none accepts what was not signed for that day, and the status warned of what went wrong",
  patience,
  async () => {
    const lived = await live(year);
    const table = describeYear(lived);
    if (process.env["DTUF_PRINT_YEAR"] === "1") process.stdout.write(`${table}\n`);
    expect(table.split("\n")).toHaveLength(year.events.length + 1);
    expect(lived.filter(({ event, warnedOn }) => event.warned !== undefined && warnedOn === undefined)).toEqual([]);
    expect(lived.at(-1)).toMatchObject({ root: 6 });
  },
);

/** The first days of the year, in which Dora publishes, and then others. */
function liveOtherwise(until: number, others: readonly StoryEvent[]): Promise<unknown> {
  return live({ until, events: [...year.events.filter(({ day }) => day <= 8), ...others] });
}

test(
  "a year in which a stolen key is not replaced fails, because clients get what the thief signed",
  patience,
  async () => {
    const theft: StoryEvent = {
      day: 9,
      what: "The thief of Dora's laptop proposes a tool, and CI publishes it.",
      steps: [
        { do: "forge proposal", of: "tools", put: "tools/trap", keys: ["dora"] },
        { do: "accept", who: "ci", as: "tools" },
      ],
    };
    await expect(liveOtherwise(9, [theft])).rejects.toThrow("day 9, installed on day 0: expected");
  },
);

test(
  "a year in which CI is down for longer than the story says fails, because clients are stuck",
  patience,
  async () => {
    const outage: StoryEvent = { day: 9, what: "CI goes down.", steps: [{ do: "stop CI" }] };
    await expect(liveOtherwise(20, [outage])).rejects.toThrow(/^day 13, installed on day 0: .*expired/);
  },
);

test("a year in which something went wrong without a warning fails", patience, async () => {
  const surprise: StoryEvent = { day: 9, what: "Root expires.", warned: "root is due", steps: [] };
  await expect(liveOtherwise(9, [surprise])).rejects.toThrow('no status said "root is due"');
});
