import { resolve } from "node:path";
import { firstToExpire, writePlainRepository } from "@dtuf/mirror/tuf";
import type { Run } from "../../context/command.ts";
import { createProgress } from "../../context/progress/progress.ts";
import { describeBytes, describeCount, describeInstant } from "../../context/time.ts";
import { readRequestedRoot } from "./requested-root.ts";
import { findStateName } from "./places.ts";
import { withVerified } from "./verified-source.ts";

export const run: Run = async (context, [source = "", path = ""]) => {
  const { io, terminal, values } = context;
  const name = findStateName(context, source);
  const root = await readRequestedRoot(context, name, "root");
  const directory = resolve(io.cwd, path);
  return withVerified(context, { source, root, name: name ?? "archive", remembers: "what-was-seen" }, async (found) => {
    const concurrency = values.count("concurrency") ?? 6;
    const progress = createProgress(context);
    const options = { directory, concurrency, signal: io.signal, onProgress: progress.onProgress };
    const written = await writePlainRepository(found.repository, options);
    progress.end();
    const { role, expires } = firstToExpire(found.repository);
    for (const target of written.omitted) {
      terminal.report(`left out ${target}: a plain repository has no name for it, or another role's target hides it`);
    }
    if (terminal.format === "json") {
      await terminal.printJson({ ...written, directory, validUntil: expires });
    } else {
      const bytes = describeBytes(written.writtenBytes);
      const what = `${written.status}: ${describeCount(written.targets, "target")}, ${bytes} written, verified`;
      terminal.report(`${what}, below ${directory}/metadata and ${directory}/targets`);
      terminal.report(`clients are served until ${describeInstant(expires, io.now())} (${role})`);
    }
    return written.omitted.length === 0 ? 0 : 11;
  });
};
