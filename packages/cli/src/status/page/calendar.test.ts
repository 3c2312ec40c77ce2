import { expect, test } from "vitest";
import type { RoleFacts } from "../report/report.ts";
import { encodeCalendar } from "./calendar.ts";

const at = new Date("2026-12-01T10:00:00.123Z");
const key = { fingerprint: "a".repeat(64), signed: true };

function role(name: string, version = 3): RoleFacts {
  const expires = new Date("2026-12-05T10:15:00Z");
  return { role: name, delegator: "root", version, expires, state: "good", threshold: 1, keys: [key] };
}

function calendar(...roles: readonly RoleFacts[]): string {
  return encodeCalendar({ place: "registry.example.com/fred/demo", at, roles: { shown: roles, more: 0 } });
}

/** RFC 5545, 3.1, read back. */
function unfold(text: string): readonly string[] {
  return text.replaceAll("\r\n ", "").split("\r\n").slice(0, -1);
}

test("an event has the instant of the end, the clock's instant, and an id that a renewal keeps", () => {
  const lines = unfold(calendar(role("timestamp")));
  expect(lines).toEqual(expect.arrayContaining(["DTSTART:20261205T101500Z", "DTSTAMP:20261201T100000Z", "SEQUENCE:3"]));
  const id = lines.find((line) => line.startsWith("UID:"));
  expect(unfold(calendar(role("timestamp", 4)))).toEqual(expect.arrayContaining([id, "SEQUENCE:4"]));
  expect(unfold(calendar(role("snapshot")))).not.toContain(id);
});

test("lines end in CRLF and have at most 75 octets, and no character is cut", () => {
  const text = calendar(role("ä€😀".repeat(60)));
  expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  for (const line of text.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  expect(text).not.toContain("\ufffd");
  expect(unfold(text).join("\n")).toContain(`SUMMARY:${"ä€😀".repeat(60)} of `);
});

test("a name cannot end its line, and stands in it with its separators escaped [T260]", () => {
  const lines = unfold(calendar(role("a;b,c\\d\r\nBEGIN:VALARM\u202e")));
  expect(lines.filter((line) => line.startsWith("BEGIN:VALARM"))).toEqual([]);
  expect(lines.join("\n")).toContain(String.raw`SUMMARY:a\;b\,c\\d\\u{d}\\u{a}BEGIN:VALARM\\u{202e} of `);
});
