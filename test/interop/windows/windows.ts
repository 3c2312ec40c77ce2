/**
 * `pnpm windows`: what runs of the product on Windows' Node, under Wine: the command line's story, the tests of files,
 * state and layouts, and the kill trials. README.md beside `interop` says how to set it up and what Wine leaves out.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runKillTrials } from "./kills.ts";
import { tellStory } from "./story.ts";
import { notRun, runUnitTests } from "./tests.ts";
import { openWindows } from "./wine.ts";

const home = await mkdtemp(join(tmpdir(), "dtuf-windows-"));
try {
  const windows = await openWindows(home);
  console.log(`Node ${windows.version}`);
  for (const line of await tellStory(windows, join(home, "story"))) console.log(`ok: ${line}`);
  const { lines, failed } = await runUnitTests(windows, join(home, "tests"));
  for (const line of lines) console.log(line);
  for (const line of await runKillTrials(windows, join(home, "kills"))) console.log(`ok: ${line}`);
  for (const line of notRun) console.log(`not run: ${line}`);
  if (failed > 0) process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true });
}
