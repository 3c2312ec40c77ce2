/** Why this machine did or did not update: from what is kept here alone. */
import type { CachedState } from "@dtuf/copy";
import type { Run } from "../context/command.ts";
import { printFacts, type Fact } from "../context/text/columns.ts";
import { describeInstant } from "../context/time.ts";
import { withCopy } from "./copy.ts";

export const run: Run = (context, [repo = ""]) =>
  withCopy(context, repo, async (copy) => {
    const state = await copy.inspect();
    if (context.terminal.format === "json") return context.terminal.printJson(state);
    await printFacts(context, describe(state, context.io.now()));
  });

function describe(state: CachedState, now: Date): readonly Fact[] {
  const { status, pin, place, refreshedAt, lastFailure, versions, expirations } = state;
  const when = (date: Date | undefined): string => (date === undefined ? "never" : describeInstant(date, now));
  const since = lastFailure !== undefined && (refreshedAt === undefined || lastFailure.at > refreshedAt);
  // It may have been a target's, which a refresh does not fetch.
  const refreshed = lastFailure === undefined || since ? "" : "; a refresh has succeeded since";
  return [
    { label: "pinned", shown: `root ${pin.version}, fingerprint ${pin.fingerprint}` },
    { label: "source", shown: place ?? "none yet" },
    { label: "last success", shown: when(refreshedAt) },
    { label: "last failure", shown: `${when(lastFailure?.at)}${refreshed}` },
    ...(lastFailure === undefined
      ? []
      : [
          { label: `  ${lastFailure.code}`, shown: lastFailure.message },
          ...lastFailure.sources.map((source) => ({ label: "  asked", shown: source })),
        ]),
    { label: "cached", shown: status },
    ...[...versions].map(([role, version]) => ({
      label: `  ${role} ${version}`,
      shown: `expires ${when(expirations.get(role))}`,
    })),
  ];
}
