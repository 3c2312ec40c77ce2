/** The packages as they would be published: packed, then judged by publint and are-the-types-wrong. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheDirectory } from "../setup/registries.ts";
import { readPackages, root } from "../structure/sources.ts";

const run = promisify(execFile);
const published = readPackages()
  .map(({ folder }) => folder)
  // The program is a bundle without entries: installed.test.ts packs it.
  .filter((folder) => folder !== "testing" && folder !== "cli");
let directory: string;

beforeAll(async () => {
  await mkdir(cacheDirectory(), { recursive: true });
  directory = await mkdtemp(join(cacheDirectory(), "packed-"));
  await run("pnpm", ["-s", "build"], { cwd: root });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(published)("packages/%s", (folder) => {
  test("packs into a tarball whose entries resolve and have types, with no script that an installation runs", async () => {
    const tarball = join(directory, `${folder}.tgz`);
    await run("pnpm", ["pack", "--out", tarball], { cwd: join(root, "packages", folder) });
    const listed = await run("tar", ["-tzf", tarball]);
    expect(listed.stdout.split("\n").filter((name) => /\.test\.|tsbuildinfo|node_modules/.test(name))).toEqual([]);
    const manifest = JSON.parse((await run("tar", ["-xzOf", tarball, "package/package.json"])).stdout) as {
      scripts?: object;
    };
    expect(manifest.scripts).toBeUndefined();
    await run("pnpm", ["exec", "publint", "run", tarball, "--strict"], { cwd: root });
    // Every entry is ESM; Node loads it by `require` too, which is what the ignored rule doubts.
    await run("pnpm", ["exec", "attw", tarball, "--profile", "esm-only"], { cwd: root });
  });
});
