/**
 * The bench: what dtuf takes for its work, and what others take for the same, in one run on one registry.
 *
 *   pnpm bench                  every row
 *   pnpm bench pull-large cut   these rows
 *   pnpm bench --write          also into docs/performance.md, with date, machine and versions
 *
 * DTUF_BENCH_SCALE (0.01: a hundredth of every size), DTUF_BENCH_ROUNDS (default 5), DTUF_BENCH_PEERS (directories of other
 * clients, with `:` between; .cache/peers is looked at too), DTUF_BENCH_DIRECTORY (where its files go), DTUF_TEST_REGISTRY (host:port, instead of its own).
 */
import { readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { rows } from "./rows/index.ts";
import { openStage, type Stage } from "./stage.ts";
import { formatRow, tableHead } from "./table.ts";

const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith("--"));
const unknown = wanted.filter((id) => !rows.some((row) => row.id === id));
if (unknown.length > 0) {
  console.error(`no row ${unknown.join(", ")}; there are: ${rows.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}
const opened = await openStage(process.env);
const { stage } = opened;
try {
  // Each row is printed when it is measured: what a cut ends is not lost.
  const report = [`${describeRun(stage)}\n`, tableHead];
  console.log(report.join("\n"));
  for (const row of wanted.length === 0 ? rows : rows.filter(({ id }) => wanted.includes(id))) {
    console.error(`… ${row.id}`);
    const lines = await row.run(stage);
    if (lines.length === 0) continue;
    const text = formatRow({ id: row.id, lines });
    console.log(text);
    report.push(text);
  }
  if (words.includes("--write")) await writeReport(report.join("\n"));
} finally {
  await opened.close();
}

function describeRun(on: Stage): string {
  const { peers, rounds, registryName } = on;
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / (1 << 30))} GiB of memory`;
  const scale = on.scaled(1000) / 1000;
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model.trim() ?? "an unknown processor"}, ${memory},`,
    `Node ${process.version}, ${registryName}, ${peers.versions.join(", ")}.`,
    `Medians of ${rounds} rounds.${scale === 1 ? "" : ` Sizes scaled to ${scale}.`}`,
  ].join(" ");
}

async function writeReport(report: string): Promise<void> {
  const path = join(import.meta.dirname, "../docs/performance.md");
  const text = await readFile(path, "utf8");
  const block = /(<!-- bench: begin -->\n)[^]*(<!-- bench: end -->)/;
  if (!block.test(text)) throw new Error(`${path} has no place for the table`);
  await writeFile(
    path,
    text.replace(block, (_, begin: string, end: string) => `${begin}\n${report}\n\n${end}`),
  );
}
