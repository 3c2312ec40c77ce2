import { chmod, lchown, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { findChangeable } from "./directory.ts";

const home = useDirectory();
beforeEach(async () => {
  await mkdir(join(home, "a/b"), { recursive: true });
  await writeFile(join(home, "a/b/file"), "");
  for (const name of ["a", "a/b"]) await chmod(join(home, name), 0o755);
  await chmod(join(home, "a/b/file"), 0o644);
});

const own = process.getuid?.() ?? -1;

describe.skipIf(own === -1)("what other users may change", () => {
  test.each(["a", "a/b", "a/b/file"])("is found on the way to a file: %s", async (name) => {
    expect(await findChangeable(join(home, "a/b/file"), own)).toBe(undefined);
    await chmod(join(home, name), 0o777);
    expect(await findChangeable(join(home, "a/b/file"), own)).toMatchObject({ path: join(home, name), mode: 0o777 });
  });

  test("is found behind a link on the way", async () => {
    await symlink(join(home, "a"), join(home, "link"));
    await chmod(join(home, "a/b"), 0o777);
    expect(await findChangeable(join(home, "link/b/file"), own)).toMatchObject({ mode: 0o777 });
  });

  test("is not a file in a directory in which each user keeps its own names", async () => {
    await chmod(join(home, "a"), 0o1777);
    expect(await findChangeable(join(home, "a/b/file"), own)).toBe(undefined);
    expect(await findChangeable(join(home, "a"), own)).toMatchObject({ path: join(home, "a") });
  });

  test.runIf(own === 0)("is, for root, also what belongs to another user or that a group may write", async () => {
    await symlink(join(home, "a"), join(home, "link"));
    await lchown(join(home, "link"), 1000, 1000);
    expect(await findChangeable(join(home, "link/b"), 0)).toMatchObject({ path: join(home, "link"), uid: 1000 });
    expect(await findChangeable(join(home, "link/b"), 1000)).toBe(undefined);
    await chmod(join(home, "a"), 0o775);
    expect(await findChangeable(join(home, "a/b"), 0)).toMatchObject({ path: join(home, "a") });
    expect(await findChangeable(join(home, "a/b"), 1000)).toBe(undefined);
  });
});
