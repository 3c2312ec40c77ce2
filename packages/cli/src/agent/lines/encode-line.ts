/** Events and answers of a running agent as JSON lines of bounded length: docs/schema/agent-lines.json. */
import {
  describeProblem,
  type AgentEvent,
  type AgentStatus,
  type CheckResult,
  type InstalledVersion,
} from "@dtuf/agent";
import { encodeJson } from "../../context/json.ts";
import { UsageError } from "../../context/usage.ts";
import { findErrorEntry } from "../../help/errors/index-page.ts";
import type { CommandId } from "./parse-command.ts";

/** Of a line in each direction, without its end. */
export const lineMaxBytes: number = 64 * 1024;

const textMaxLength = 2000;
const parameterMaxLength = 200;
const detailsMost = 20;
const passedOverMost = 20;

export type Line = Readonly<Record<string, unknown>>;

/** Texts from elsewhere are cut, so the line is never longer than `lineMaxBytes`. */
export function encodeLine(line: Line): string {
  return `${encodeJson(line)}\n`;
}

export function answerLine(id: CommandId | null, result: Line): Line {
  return { type: "answer", id, ok: true, result };
}

export function refusalLine(id: CommandId | null, error: unknown): Line {
  return { type: "answer", id, ok: false, error: encodeError(error) };
}

export function eventLine({ kind: event, ...fields }: AgentEvent, now: Date): Line {
  const members = Object.entries(fields).map(([name, value]): [string, unknown] => [name, encodeMember(value)]);
  return { type: "event", event, at: now.toISOString(), ...Object.fromEntries(members) };
}

function encodeMember(value: unknown): unknown {
  if (value instanceof Error) return encodeError(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === "string" ? cut(value) : (value ?? null);
}

export function checkedLine(result: CheckResult, now: Date): Line {
  return { type: "event", event: "checked", at: now.toISOString(), ...encodeCheck(result) };
}

/** `null`: there is none. */
export function encodeCheck({ update, held, passedOver, installedRelease }: CheckResult): Line {
  return {
    update:
      update === undefined
        ? null
        : {
            ...{ version: update.release.version, kind: update.kind, channel: update.release.channel },
            ...{ length: update.target.length, sha256: update.release.sha256, critical: update.release.critical },
            notes: update.release.notes ?? null,
            supportUntil: update.release.supportUntil?.toISOString() ?? null,
          },
    held: held === undefined ? null : { reason: held.reason, until: held.until?.toISOString() ?? null },
    passedOver: passedOver.slice(-passedOverMost).map(({ version, reason }) => ({ version, reason })),
    installedSupportUntil: installedRelease?.supportUntil?.toISOString() ?? null,
  };
}

export function encodeStatus(status: AgentStatus): Line {
  const { installed, previous, pending, skipped, reverted, isOptedOut, postponedUntil } = status;
  return {
    installed: encodeVersion(installed),
    previous: encodeVersion(previous),
    pending: pending === undefined ? null : { ...encodeVersion(pending), phase: pending.phase, kind: pending.kind },
    skipped: skipped.slice(-passedOverMost),
    reverted: reverted.slice(-passedOverMost),
    optedOut: isOptedOut,
    postponedUntil: postponedUntil?.toISOString() ?? null,
  };
}

function encodeVersion(version: InstalledVersion | undefined): Line | null {
  if (version === undefined) return null;
  return { version: version.version, sha256: version.sha256, length: version.length, path: cut(version.path) };
}

/** The code is stable; `retryable` and `security` say what kind of error it is. */
export function encodeError(error: unknown): Line {
  const { code, retryable, security, parameters } = describeProblem(error);
  const details = Object.entries(parameters).slice(0, detailsMost);
  return {
    code: codeOf(error) ?? code,
    message: cut(error instanceof Error ? error.message : String(error)),
    ...(error instanceof UsageError && error.hint !== undefined ? { hint: cut(error.hint) } : {}),
    ...{ retryable, security },
    parameters: Object.fromEntries(
      details.map(([key, value]) => [key, typeof value === "string" ? cut(value, parameterMaxLength) : value]),
    ),
  };
}

/** Of docs/errors.md. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && findErrorEntry(code) !== undefined ? code : undefined;
}

function cut(text: string, most: number = textMaxLength): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
