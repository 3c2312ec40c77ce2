import type { Run } from "../context/command.ts";
import { expectedSnapshot } from "../publish/metadata/expected-snapshot.ts";
import { withMaster } from "../publish/master/master.ts";
import { nameOfRole, usualName, verifyName } from "./proposal-name.ts";
import { missingText, reviewLines } from "./summary-report.ts";

export const run: Run = (context, [repo = "", named]) => {
  const { io, program, terminal, values } = context;
  const role = (values.text("role") ?? "") === "" ? undefined : values.text("role");
  const name = named === undefined ? (role === undefined ? usualName : nameOfRole(role)) : verifyName(named);
  const expectSnapshot = expectedSnapshot(values);
  const clock = values.on("trust-clock") ? "trusted" : "checked";
  return withMaster(context, repo, async (master) => {
    const proposed = await master.propose(name, { role, expectSnapshot, clock, signal: io.signal });
    if (terminal.format === "json") await terminal.printJson(proposed);
    else for (const line of reviewLines(proposed)) await terminal.printName(line);
    const isReady = proposed.state === "ready";
    const ask = isReady ? "all signatures are there" : "read its hash out to those who sign it";
    terminal.report(`proposed ${name}, number ${proposed.number}: ${ask}`);
    if (proposed.number > 1)
      terminal.note(
        `what was proposed as ${name} before is replaced: signatures count only for files that are the same`,
      );
    const next = isReady
      ? `${program} accept ${repo} ${name} publishes it`
      : `missing: ${missingText(proposed.signatures)}: ${program} sign ${repo} --proposal ${name}`;
    terminal.report(next);
  });
};
