/** Which release to return to: what is there, and what each of them changed. */
import type { ListedRelease, ReleaseChanges } from "@dtuf/master";
import type { Run } from "../../context/command.ts";
import { printRows, type Row } from "../../context/text/columns.ts";
import { describeCount, describeInstant } from "../../context/time.ts";
import { lookAtMaster } from "../master/master.ts";

export const run: Run = (context, [repo = ""]) => {
  const { io, terminal, values } = context;
  const most = values.on("all") ? Infinity : undefined;
  return lookAtMaster(context, repo, async (master, place) => {
    const { releases, unread } = await master.listReleases({ most, signal: io.signal });
    if (terminal.format === "json") return terminal.printJson({ place, releases, unread });
    await printRows(
      context,
      releases.map((release) => rowOf(release, io.now())),
    );
    if (unread > 0) terminal.note(`${describeCount(unread, "older release")} not shown: --all shows them too`);
  });
};

function rowOf(listed: ListedRelease, now: Date): Row {
  const { release, since, isCurrent, expires } = listed;
  const number = since === release ? `${release}` : `${since} to ${release}`;
  const current = isCurrent ? "current" : "";
  const what = describeContent(listed);
  const plain = [current, ...what, ...(expires === undefined ? [] : [`timestamp until ${expires.toISOString()}`])];
  return {
    cells: [number, current, what.join(", "), expires === undefined ? "" : `until ${describeInstant(expires, now)}`],
    line: `${number}: ${plain.filter((text) => text !== "").join(", ")}`,
    tone: isCurrent ? "good" : "plain",
  };
}

function describeContent({ isTrusted, targets, changes }: ListedRelease): readonly string[] {
  if (!isTrusted) return ["cannot be returned to: damaged, or not signed by today's keys"];
  return [
    ...(targets === undefined ? [] : [describeCount(targets, "target")]),
    ...(changes === undefined ? [] : describeChanges(changes)),
  ];
}

function describeChanges(changes: ReleaseChanges): readonly string[] {
  return (["added", "changed", "removed"] as const).flatMap((kind) =>
    changes[kind] === 0 ? [] : [`${changes[kind]} ${kind}`],
  );
}
