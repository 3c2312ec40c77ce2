import { expect, test } from "vitest";
import { describeBytes, describeCount, describeInstant, describeMs } from "./time.ts";

test.each([
  [0, "0 seconds"],
  [1400, "1 second"],
  [119_000, "119 seconds"],
  [5_400_000, "90 minutes"],
  [86_399_000, "24 hours"],
  [86_400_000, "24 hours"],
  [604_799_000, "7 days"],
  [604_800_000, "7 days"],
])("%i ms are %s", (ms, text) => {
  expect(describeMs(ms)).toBe(text);
});

test("an instant is in UTC, with its distance", () => {
  const now = new Date("2026-12-04T10:15:30Z");
  expect(describeInstant(new Date("2026-12-11T10:15:30Z"), now)).toBe("2026-12-11 10:15 UTC (in 7 days)");
  expect(describeInstant(new Date("2026-12-04T08:15:30Z"), now)).toBe("2026-12-04 08:15 UTC (2 hours ago)");
  expect(describeInstant(now, now)).toBe("2026-12-04 10:15 UTC (now)");
});

test("counts and sizes", () => {
  expect([describeCount(1, "target"), describeCount(0, "target")]).toEqual(["1 target", "0 targets"]);
  expect([1, 1023, 1024, 1_572_864, 2 ** 40].map(describeBytes)).toEqual([
    "1 byte",
    "1023 bytes",
    "1.0 KiB",
    "1.5 MiB",
    "1.0 TiB",
  ]);
});
