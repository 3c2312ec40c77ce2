import { withLock } from "@dtuf/registry/files";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, test, vi } from "vitest";
import { createArchiveDirectory } from "./archive-directory.ts";

test("what a killed run left is removed by the next, what a living one or a user has stays [T283]", async () => {
  const home = await mkdtemp(join(tmpdir(), "archive-directory-"));
  vi.stubEnv("TMPDIR", home);
  try {
    const mine = ["dtuf-archive-mine01", "dtuf-archive-of-2025", "other"];
    for (const name of ["dtuf-archive-dead01", "dtuf-archive-alive1", "dtuf-archive-young1", ...mine]) {
      await mkdir(join(home, name));
      await writeFile(join(home, name, name === "dtuf-archive-mine01" ? "precious" : ".dtuf-lock"), "");
      if (name !== "dtuf-archive-young1") await utimes(join(home, name), 1, 1);
    }
    await withLock(join(home, "dtuf-archive-alive1/.dtuf-lock"), { wait: "fail" }, async () => {
      await utimes(join(home, "dtuf-archive-alive1"), 1, 1);
      const own = await createArchiveDirectory(() => new Date());
      const living = [basename(own.directory), "dtuf-archive-alive1", "dtuf-archive-young1", ...mine];
      expect((await readdir(home)).toSorted()).toEqual(living.toSorted());
      await own.remove();
    });
    expect(await readdir(home)).toHaveLength(5);
  } finally {
    vi.unstubAllEnvs();
    await rm(home, { recursive: true, force: true });
  }
});
