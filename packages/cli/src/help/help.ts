/** What an error code means, and the manual's pages; the help of a command is commander's. */
import { join, resolve } from "node:path";
import { createDirectory, writeFileAtomically } from "@dtuf/registry/files";
import type { Context, Run } from "../context/command.ts";
import { exitStatusOf } from "../context/exit-status.ts";
import { describeNear } from "../context/text/near.ts";
import { describeCount } from "../context/time.ts";
import { UsageError } from "../context/usage.ts";
import { wrapText } from "../context/text/columns.ts";
import { describeErrorCode, findErrorEntry, listErrorCodes } from "./errors/index-page.ts";
import { createManual, createManualPage } from "./manual.ts";

export const run: Run = async (context, [topic]) => {
  if (context.values.on("man")) return printManual(context, topic);
  const code = (topic ?? "").toUpperCase();
  const entry = findErrorEntry(code);
  if (entry === undefined) throw unknown(context, topic ?? "");
  const { io, terminal } = context;
  if (terminal.format === "json") return terminal.printJson({ code, ...entry, exitStatus: exitStatusOf(code) });
  await terminal.print(code);
  for (const [name = "", text = ""] of describeErrorCode(code, entry)) {
    for (const line of wrapText(`${name}: ${text}`, { columns: io.stdout.columns, indent: 2 }))
      await terminal.print(line);
  }
};

/** One page, or with `--output` all of them in a directory. */
async function printManual(context: Context, topic: string | undefined): Promise<void> {
  const { groups, io, program, terminal, values } = context;
  const output = values.text("output") || "-";
  if (output === "-") {
    const page = createManualPage({ program, groups, command: topic });
    if (page === undefined) throw unknown(context, topic ?? "");
    return terminal.writeBytes(Buffer.from(page));
  }
  if (topic !== undefined)
    throw new UsageError(`${values.given("output")}: all pages are written; leave out the command`);
  const directory = resolve(io.cwd, output);
  await createDirectory(directory);
  const pages = createManual(program, groups);
  for (const [name, page] of pages) await writeFileAtomically(join(directory, name), Buffer.from(page));
  terminal.report(`wrote ${describeCount(pages.size, "page")} of the manual into ${directory}`);
}

function unknown({ groups, program }: Context, topic: string): UsageError {
  const names = [...groups.values()].flat().flatMap(({ name, programs }) => (programs.includes(program) ? [name] : []));
  const near = describeNear(topic, [...names, ...listErrorCodes()]);
  return new UsageError(`${JSON.stringify(topic)} is neither a command nor an error code`, near);
}
