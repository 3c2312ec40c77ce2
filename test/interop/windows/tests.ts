/** The unit tests of files, layouts and the client's state, on Windows' Node. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "@dtuf/testing/file-faults/bundle";
import type { Outcome } from "./stand-in.ts";
import type { Windows } from "./wine.ts";

const workspace = join(import.meta.dirname, "../../..");
const standIn = join(import.meta.dirname, "stand-in.ts");

interface TestFile {
  readonly file: string;
  /** Parts of titles of tests that cannot run there, with the reason. */
  readonly left?: Readonly<Record<string, string>>;
}

const noLinks = "Wine makes no symbolic links";
const noModes = "there are no permission bits";
const noChildren = "Wine gives children no usable standard output";
const linuxWord = "it looks for Linux's word for the fault";
const noPipes = "there are no named pipes in directories";

const files: readonly TestFile[] = [
  {
    file: "packages/registry/src/files/atomic-file.test.ts",
    left: {
      "planted symbolic link": noLinks,
      "a link under the temporary name": noLinks,
      "because others use it": noPipes,
      "gives the file the mode": noModes,
      "if the rename fails": linuxWord,
      "removes old leftovers": "its own files are still open, and an open file keeps its name until it is closed",
    },
  },
  {
    file: "packages/registry/src/files/regular-file.test.ts",
    left: { pipe: noPipes, "follows a link": noLinks },
  },
  {
    file: "packages/registry/src/files/platform.test.ts",
    left: {
      "stays refused": linuxWord,
      "on other systems a refused rename": linuxWord,
      "opens through a link": noLinks,
    },
  },
  { file: "packages/registry/src/layout/layout-directory.test.ts", left: { "four processes": noChildren } },
  { file: "packages/registry/src/layout/layout-registry.test.ts" },
  { file: "packages/registry/src/layout/layout-store.test.ts" },
  { file: "packages/copy/src/state/state-file.test.ts" },
  {
    file: "packages/copy/src/state/cache.test.ts",
    left: {
      "readable only by its owner": noModes,
      "link planted": noLinks,
      "cannot be written": noModes,
      "can be read but not written": noModes,
      "a newer release cannot be saved": noModes,
    },
  },
];

/** What Wine leaves out as a whole. */
export const notRun: readonly string[] = [
  `the tests of locks between processes: ${noChildren}; the story and the kill trials take the locks`,
  "registries over HTTP, credential helpers and their .exe: Wine gives this Node no sockets and no pipes",
  "prompts: Wine gives this Node no terminal",
  "a rename onto a file that another process holds: Wine allows it; the retry is tested on every system",
];

/** @returns lines to show, and how many tests failed */
export async function runUnitTests(
  windows: Windows,
  home: string,
): Promise<{ lines: readonly string[]; failed: number }> {
  const lines: string[] = [];
  let failed = 0;
  for (const [index, { file, left = {} }] of files.entries()) {
    const outcomes = await runFile(windows, { folder: join(home, String(index)), file, left: Object.keys(left) });
    const bad = outcomes.filter(({ failure }) => failure !== undefined);
    failed += bad.length;
    lines.push(`${bad.length === 0 ? "ok" : "FAILED"}: ${file}: ${outcomes.length - bad.length} of ${outcomes.length}`);
    for (const { title, failure } of bad) lines.push(`  failed: ${title}: ${failure}`);
    for (const [title, reason] of Object.entries(left)) lines.push(`  not run: ${title}: ${reason}`);
  }
  return { lines, failed };
}

interface FileRun {
  readonly folder: string;
  readonly file: string;
  readonly left: readonly string[];
}

async function runFile(windows: Windows, { folder, file, left }: FileRun): Promise<readonly Outcome[]> {
  await mkdir(folder, { recursive: true });
  const entry = join(folder, "entry.ts");
  const tests = join(workspace, file);
  await writeFile(
    entry,
    `import ${JSON.stringify(tests)};
     import { runTests } from ${JSON.stringify(standIn)};
     process.stdout.write(JSON.stringify(await runTests(${JSON.stringify(left)})));`,
  );
  const vitest = fileURLToPath(import.meta.resolve("vitest"));
  const { entry: program = "" } = await bundle({ entry }, join(folder, "program"), [
    {
      name: "stand-in",
      resolveId(source, importer) {
        // The packages say that their modules have no side effects; a test has.
        if (source === tests) return { id: tests, moduleSideEffects: true };
        return source === "vitest" ? (importer === standIn ? vitest : standIn) : undefined;
      },
    },
  ]);
  const { status, stdout, stderr } = await windows.run(program, []);
  if (status !== 0) return [{ title: "the file", failure: `exit ${status}: ${stderr}` }];
  const outcomes = JSON.parse(stdout) as readonly Outcome[];
  return outcomes.length > 0 ? outcomes : [{ title: "the file", failure: "no test ran" }];
}
