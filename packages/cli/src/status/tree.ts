/** The delegations as a tree, with what shadows what. */
import { escapeText } from "@dtuf/registry/escape";
import type { Context, Run } from "../context/command.ts";
import { wrapText } from "../context/text/columns.ts";
import { describeCount } from "../context/time.ts";
import { gather } from "./gather.ts";
import { reportExit } from "./report-exit.ts";
import type { DelegationFacts, Listing } from "./report/report.ts";

export const run: Run = async (context, [repo = ""]) => {
  const gathering = await gather(context, { repo, mode: "online", withinMs: undefined, clock: "checked" });
  const { place, at, verdict, delegations } = gathering.report;
  if (context.terminal.format === "json") {
    await context.terminal.printJson({ place, at, verdict: verdict.state, delegations });
  } else {
    await printLine(context, 0, "targets");
    await printTree(context, delegations, 1);
  }
  if (verdict.state !== "good") context.terminal.note(verdict.says);
  const exit = reportExit(gathering);
  // What is due is for `status`: the tree is whole.
  return exit === 10 ? 0 : exit;
};

async function printTree(context: Context, { shown, more }: Listing<DelegationFacts>, depth: number): Promise<void> {
  for (const node of shown) {
    await printLine(context, depth, describeNode(node));
    await printTree(context, node.delegations, depth + 1);
  }
  if (more > 0) await printLine(context, depth, `and ${describeCount(more, "more delegation")}`);
}

async function printLine({ io, terminal }: Context, depth: number, text: string): Promise<void> {
  const line = escapeText(text);
  if (io.stdout.terminal === "pipe") return terminal.print(`${"  ".repeat(depth)}${line}`);
  for (const each of wrapText(line, { columns: io.stdout.columns, indent: 2 * depth })) await terminal.print(each);
}

function describeNode(node: DelegationFacts): string {
  const { order, role, paths, prefixes, bins, terminating, threshold, keys, version, targets, unread } = node;
  const patterns = [...paths.shown, ...prefixes.shown.map((prefix) => `hash ${prefix}`)];
  const more = paths.more + prefixes.more;
  const names =
    bins === undefined ? `${patterns.join(" ")}${more === 0 ? "" : ` and ${more} more`}` : `${bins} hash bins`;
  return [
    `${order}. ${role}: ${names}`,
    ...(terminating ? ["terminating"] : []),
    `${threshold} of ${describeCount(keys, "key")}`,
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(targets === undefined ? [] : [describeCount(targets, "target")]),
    ...(unread === undefined ? [] : [`not read: ${unread}`]),
    ...shadowText(node),
  ].join(", ");
}

function shadowText({ neverAskedBecauseOf, after }: DelegationFacts): readonly string[] {
  if (neverAskedBecauseOf !== undefined) {
    return [`never asked, because ${neverAskedBecauseOf} is terminating and takes all its names`];
  }
  return after.length === 0
    ? []
    : [`${after.slice(0, 5).join(", ")}${after.length > 5 ? " and others" : ""} before it`];
}
