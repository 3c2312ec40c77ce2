/** What a client that is installed now can do, and what it will still be able to do in some days if nobody publishes. */
import {
  expirationsBefore,
  firstToExpire,
  readTargets,
  type TargetFault,
  type VerifiedRepository,
} from "@dtuf/mirror/tuf";
import type { Context, ExitStatus, Run } from "../../context/command.ts";
import { exitStatusOf } from "../../context/exit-status.ts";
import { createProgress } from "../../context/progress/progress.ts";
import { describeCount, describeInstant } from "../../context/time.ts";
import { findClashWarning } from "../../targets/name-clash.ts";
import { readRequestedRoot } from "./requested-root.ts";
import { findStateName } from "./places.ts";
import { findValidUntil, withVerified } from "./verified-source.ts";

const defaultSample = 10;

export const run: Run = async (context, [source = ""]) => {
  const name = findStateName(context, source);
  const root = await readRequestedRoot(context, name, "root");
  return withVerified(context, { source, root, name: name ?? "archive", remembers: "afresh" }, async (found) => {
    const { io, values } = context;
    const most = values.on("all") ? Number.POSITIVE_INFINITY : (values.count("sample") ?? defaultSample);
    const progress = createProgress(context);
    const options = { most, random: io.random, signal: io.signal, onProgress: progress.onProgress };
    const read = await readTargets(found.repository, options);
    progress.end();
    const roles = [found.repository.targets, ...found.repository.delegated];
    const names = roles.flatMap(({ targets }) => [...targets.targets.keys()]);
    const warning = findClashWarning(names, () => true);
    if (warning !== undefined) context.terminal.note(warning);
    return report(context, found.repository, read);
  });
};

interface Read {
  readonly targets: number;
  readonly bytes: number;
  readonly faults: readonly TargetFault[];
}

async function report(context: Context, repository: VerifiedRepository, read: Read): Promise<ExitStatus> {
  const { io, terminal, values } = context;
  const until = findValidUntil(context);
  const days = describeCount(values.count("valid-days") ?? 0, "day");
  const early = until === undefined ? [] : expirationsBefore(repository, until);
  const validUntil = firstToExpire(repository);
  const faults = read.faults.map(({ path, role, error }) => {
    const code = "code" in error ? String(error.code) : "UNKNOWN";
    return { path, role, code, message: error.message };
  });
  if (terminal.format === "json") {
    const expirations = Object.fromEntries(repository.expirations);
    await terminal.printJson({ validUntil, expirations, early, targets: { ...read, faults } });
  }
  for (const { path, code, message } of faults) terminal.report(`target ${path}: ${message} (${code})`);
  for (const { role, expires } of early) {
    terminal.report(
      `${role} expires ${describeInstant(expires, io.now())}, within the ${days} that --valid-days asks for`,
    );
  }
  const bad = faults.length === 0 ? "" : `, ${faults.length} of them bad`;
  terminal.report(
    `every role is verified, and ${describeCount(read.targets, "target")} read to the last byte${bad}; clients are served until ${describeInstant(validUntil.expires, io.now())} (${validUntil.role})`,
  );
  // A source that does not answer is no statement about what it holds.
  const unanswered = faults.find(({ code }) => [5, 13].includes(exitStatusOf(code)));
  if (unanswered !== undefined) return exitStatusOf(unanswered.code);
  if (faults.length > 0) return 6;
  return early.length > 0 ? 7 : 0;
}
