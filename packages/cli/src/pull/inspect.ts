/** Why this machine did or did not update: from what is kept here alone. */
import type { CachedState } from "@dtuf/copy";
import { escapeText } from "@dtuf/registry/escape";
import type { Run } from "../context/command.ts";
import { describeInstant } from "../context/time.ts";
import { lookAtCopy } from "./copy.ts";

export const run: Run = (context, [repo = ""]) =>
  lookAtCopy(context, repo, async (copy) => {
    const state = await copy.inspect();
    if (context.terminal.format === "json") return context.terminal.printJson(state);
    for (const line of describe(state, context.io.now())) await context.terminal.print(escapeText(line));
  });

function describe(state: CachedState, now: Date): readonly string[] {
  const { status, pin, place, refreshedAt, lastFailure, versions, expirations } = state;
  const when = (date: Date | undefined): string => (date === undefined ? "never" : describeInstant(date, now));
  const since = lastFailure !== undefined && (refreshedAt === undefined || lastFailure.at > refreshedAt);
  return [
    `pinned: root ${pin.version}, fingerprint ${pin.fingerprint}`,
    `source: ${place ?? "none yet"}`,
    `last success: ${when(refreshedAt)}`,
    `last failure: ${when(lastFailure?.at)}${lastFailure === undefined || since ? "" : ", overcome since"}`,
    ...(lastFailure === undefined
      ? []
      : [
          `  ${lastFailure.code}: ${lastFailure.message}`,
          ...lastFailure.sources.map((source) => `  asked: ${source}`),
        ]),
    `cached: ${status}`,
    ...[...versions].map(([role, version]) => `  ${role} ${version}: expires ${when(expirations.get(role))}`),
  ];
}
