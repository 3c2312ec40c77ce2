/** The programs in the packages' READMEs run as they stand. */
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

test.each(packages)("the programs in packages/%s/README.md run", async (name) => {
  const readme = await readFile(join(workspace, "packages", name, "README.md"), "utf8");
  const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
  expect(readme).toMatch(/^# /);
  for (const [index, program] of programs.entries()) {
    const cwd = join(directory, `${name}-${index}`);
    await mkdir(cwd);
    await writeFile(join(cwd, "program.ts"), program);
    const { stderr } = await run(process.execPath, ["--conditions=@dtuf/source", "program.ts"], { cwd });
    expect(stderr).toBe("");
  }
});
