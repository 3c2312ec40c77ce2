/** No block of code in the documents is only read: each is run, type-checked or parsed, or its language says that it is a picture. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseCommandLine } from "../../packages/cli/src/program.ts";
import { commandGroups } from "../../packages/cli/src/table.ts";
import { root } from "../structure/sources.ts";
import { findReason, patterns } from "./not-run.ts";
import { readPages, type Block } from "./pages.ts";
import { scenes } from "./scenes/all.ts";
import { linesOf } from "./typist.ts";

const pages = readPages().filter(({ path }) =>
  /^(?:[A-Z]+\.md$|docs\/|examples\/|packages\/[^/]+\/README\.md)/.test(path),
);

const blocksIn = (language: string): readonly Block[] =>
  pages.flatMap(({ blocks }) => blocks.filter((block) => block.language === language));

/** Pages whose shell has a test of its own, and the test. docs/commands.md is below. */
const elsewhere: readonly (readonly [RegExp, string])[] = [
  [/^(?:README|docs\/quickstart)\.md$/, "quickstart.test.ts"],
  [/^docs\/team\.md$/, "team.test.ts"],
  [/^docs\/runbooks\//, "runbooks.test.ts"],
  [/^docs\/ci\//, "ci.test.ts"],
];

test("the tests that type pages are there", () => {
  expect(elsewhere.map(([, name]) => name).filter((name) => !existsSync(join(import.meta.dirname, name)))).toEqual([]);
});

test("every block says by its language what becomes of it", () => {
  // `text` is a picture or a form; `console` shows what was printed.
  const known = new Set(["sh", "ts", "json", "yaml", "ini", "python", "go", "text", "console"]);
  const others = pages.flatMap(({ blocks }) => blocks.filter(({ language }) => !known.has(language)));
  expect(others.map(({ place, language }) => `${place}: ${language}`)).toEqual([]);
});

describe("shell", () => {
  const typed = new Set(["docs/commands.md", ...scenes.map(({ page }) => page)]);

  test("every line is typed by a test, or a written reason says why not", () => {
    const open = pages
      .filter(({ path }) => !typed.has(path) && !elsewhere.some(([pattern]) => pattern.test(path)))
      .flatMap(({ blocks }) => blocks.filter(({ language }) => language === "sh"))
      .flatMap(({ place, text }) => linesOf([text]).map(({ command }) => ({ place, command })))
      .filter(({ command }) => findReason(command) === undefined);
    expect(open).toEqual([]);
  });

  test("every reason is that of a line, and every page that is typed is there", () => {
    const commands = linesOf(blocksIn("sh").map(({ text }) => text)).map(({ command }) => command);
    expect(patterns.filter((pattern) => !commands.some((command) => pattern.test(command)))).toEqual([]);
    expect([...typed].filter((path) => !pages.some((page) => page.path === path))).toEqual([]);
  });

  test("every example of docs/commands.md is a line that the program understands", () => {
    const examples = linesOf(
      blocksIn("sh").flatMap(({ place, text }) => (place.startsWith("docs/commands.md:") ? [text] : [])),
    );
    expect(examples.length).toBeGreaterThan(100);
    const faults = examples.flatMap(({ command }) => {
      const [, program, rest = ""] = /(?:^|[|;] )(dtuf|dxf) ([^|<>]*)/.exec(command) ?? [];
      if (program !== "dtuf" && program !== "dxf") return [command];
      const argv = [...rest.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) => found.slice(1).join(""));
      const parsed = parseCommandLine({ program, argv, version: "0", env: "DTUF" }, commandGroups, silent);
      return typeof parsed === "number" && parsed !== 0 ? [command] : [];
    });
    expect(faults).toEqual([]);
  });
});

const silent = { out: () => undefined, err: () => undefined, columns: 80 };

test("every block of JSON and of YAML is that", () => {
  for (const { text } of blocksIn("json")) JSON.parse(text);
  for (const { text } of blocksIn("yaml")) expect(parse(text)).toBeTypeOf("object");
  expect(blocksIn("json").length + blocksIn("yaml").length).toBeGreaterThan(4);
});

test("every block of TypeScript is type-checked against the declarations that are shipped", async () => {
  await mkdir(join(root, ".cache"), { recursive: true });
  const directory = await mkdtemp(join(root, ".cache", "blocks-"));
  try {
    const programs = blocksIn("ts");
    expect(programs.length).toBeGreaterThan(9);
    await Promise.all(
      programs.map(({ place, text }) => writeFile(join(directory, `${place.replaceAll(/[^\w]/g, "-")}.ts`), text)),
    );
    const options = { customConditions: [], noUnusedLocals: true, moduleDetection: "force" };
    const config = { extends: "../../tsconfig.check.json", compilerOptions: options, include: ["*.ts"], exclude: [] };
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const checked = promisify(execFile)(process.execPath, [tsc, "-p", directory]);
    const faults = await checked.then(
      () => "",
      ({ stdout }: { readonly stdout: string }) => stdout,
    );
    expect(faults).toBe("");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
