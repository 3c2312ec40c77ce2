/** What clients get, until when, and what is due: on the terminal, as a page in a file, and to browsers of this machine. */
import { resolve } from "node:path";
import { writeFileAtomically } from "@dtuf/registry/files";
import type { Context, ExitStatus, Run } from "../context/command.ts";
import { lookAtMaster } from "../publish/master/master.ts";
import { UsageError } from "../context/usage.ts";
import { gather, type Gathering } from "./gather.ts";
import { encodeCalendar } from "./page/calendar.ts";
import { encodePage } from "./page/page.ts";
import { publisherExit, printPublisher } from "./publisher-status.ts";
import { printReport } from "./report-facts.ts";
import { reportExit } from "./report-exit.ts";
import { serve } from "./serve.ts";
import { findView, mannerOf, statusOptions } from "./views.ts";

export const run: Run = async (context, [repo = ""]) => {
  const { values } = context;
  if (values.on("serve")) return serve(context, repo);
  const isPage = (["html", "calendar"] as const).some((name) => (values.text(name) ?? "") !== "");
  const view = await findView(context, repo);
  if (isPage || view === "client") return showReport(context, repo);
  return lookAtMaster(context, repo, async (master, place) => {
    const status = await master.status(statusOptions(context, mannerOf(context)));
    await printPublisher(context, { repo, place, status });
    return publisherExit(status);
  });
};

async function showReport(context: Context, repo: string): Promise<ExitStatus> {
  const gathering = await gather(context, { repo, ...mannerOf(context) });
  await writePages(context, gathering);
  const { report, status } = gathering;
  if (status === undefined && context.values.on("prometheus")) {
    throw new UsageError(`${context.values.given("prometheus")} has no meaning without a publisher's state`);
  }
  if (status === undefined) await printReport(context, report);
  else await printPublisher(context, { repo, place: report.place, status });
  return reportExit(gathering);
}

async function writePages({ io, values, terminal }: Context, { report }: Gathering): Promise<void> {
  const files = [
    ["html", encodePage],
    ["calendar", encodeCalendar],
  ] as const;
  for (const [setting, encode] of files) {
    const file = values.text(setting) ?? "";
    if (file === "") continue;
    await writeFileAtomically(resolve(io.cwd, file), encode(report));
    terminal.report(`wrote ${file}`);
  }
}
