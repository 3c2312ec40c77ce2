/** The programs in the packages' READMEs and in docs/tracing.md run as they stand. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const workspace = fileURLToPath(new URL("../../", import.meta.url));
let directory: string;

/** Inside the workspace, so that the packages are found as its own. */
beforeAll(async () => {
  await mkdir(join(workspace, ".cache"), { recursive: true });
  directory = await mkdtemp(join(workspace, ".cache", "readme-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const packages = (await readdir(join(workspace, "packages"))).filter((name) => name !== "testing");
const documents = [...packages.map((name) => `packages/${name}/README.md`), "docs/tracing.md"];

test.each(documents)("the programs in %s run", async (name) => {
  const readme = await readFile(join(workspace, name), "utf8");
  const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
  expect(readme).toMatch(/^# /);
  for (const [index, program] of programs.entries()) {
    const cwd = join(directory, `${name.replaceAll("/", "-")}-${index}`);
    await mkdir(cwd);
    await writeFile(join(cwd, "program.ts"), program);
    const { stderr } = await run(process.execPath, ["--conditions=@dtuf/source", "program.ts"], { cwd });
    expect(stderr).toBe("");
  }
});
