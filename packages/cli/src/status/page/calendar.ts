/**
 * An iCalendar feed of what expires when (RFC 5545). The events keep their ids, so that a renewal moves them. Lines end in CRLF
 * and are folded at 75 octets, never within a character.
 */
import { createHash } from "node:crypto";
import { escapeText } from "@dtuf/registry/escape";
import type { RoleFacts, StatusReport } from "../report/report.ts";

export function encodeCalendar({ place, at, roles }: Pick<StatusReport, "place" | "at" | "roles">): string {
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//dtuf//status//EN",
    "CALSCALE:GREGORIAN",
    `X-WR-CALNAME:${escapeValue(`Expiry of ${place}`)}`,
    ...roles.shown.flatMap((role) => eventLines(role, { place, at })),
    "END:VCALENDAR",
  ];
  return lines.map((line) => `${foldLine(line)}\r\n`).join("");
}

function eventLines(
  { role, delegator, version, expires, threshold, keys }: RoleFacts,
  { place, at }: Pick<StatusReport, "place" | "at">,
): readonly string[] {
  const id = createHash("sha256")
    .update(JSON.stringify([place, delegator, role]))
    .digest("hex")
    .slice(0, 32);
  const owners = [...new Set(keys.map(({ owner, fingerprint }) => owner ?? fingerprint.slice(0, 8)))];
  const about = `version ${version}; ${threshold} of ${keys.length} keys must sign it again: ${owners.join(", ")}`;
  return [
    "BEGIN:VEVENT",
    `UID:${id}@dtuf`,
    `DTSTAMP:${instantOf(at)}`,
    `SEQUENCE:${Math.min(version, 2 ** 31 - 1)}`,
    `DTSTART:${instantOf(expires)}`,
    `SUMMARY:${escapeValue(`${role} of ${place} expires`)}`,
    `DESCRIPTION:${escapeValue(about)}`,
    "TRANSP:TRANSPARENT",
    "END:VEVENT",
  ];
}

/** `20261205T101500Z` */
function instantOf(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/** A value of the type TEXT (RFC 5545, 3.3.11). Control characters are shown, so that a name stays in its line. */
function escapeValue(text: string): string {
  return escapeText(text).replaceAll(/[\\;,]/g, (character) => `\\${character}`);
}

const octetsMax = 75;

/** RFC 5545, 3.1. */
function foldLine(line: string): string {
  let [folded, octets] = ["", 0];
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (octets + size > octetsMax) {
      folded += "\r\n ";
      octets = 1;
    }
    folded += character;
    octets += size;
  }
  return folded;
}
