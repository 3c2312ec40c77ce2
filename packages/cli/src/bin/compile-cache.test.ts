import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { describe, expect, test } from "vitest";
import { findOwnDirectory, type Machine } from "./compile-cache.ts";

const home = useDirectory();
const userId = process.getuid?.();

const machine = (more: Partial<Machine> = {}): Machine => ({ env: {}, home, platform: "linux", userId, ...more });

describe("compiled code", () => {
  test.each([
    ["linux", {}, ".cache"],
    ["linux", { XDG_CACHE_HOME: "relative" }, ".cache"],
    ["darwin", {}, "Library/Caches"],
    ["win32", {}, "AppData/Local"],
  ])("on %s with %j is kept below %s of the user's home", (platform, env, below) => {
    expect(findOwnDirectory(machine({ platform, env }))).toBe(join(home, below, "dtuf/compiled"));
  });

  test("is kept where XDG_CACHE_HOME says", () => {
    const directory = findOwnDirectory(machine({ env: { XDG_CACHE_HOME: join(home, "x") } }));
    expect(directory).toBe(join(home, "x/dtuf/compiled"));
  });

  test("is not kept in a directory that others can write", async () => {
    const directory = join(home, ".cache/dtuf/compiled");
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o777);
    expect(findOwnDirectory(machine())).toBeUndefined();
    await chmod(directory, 0o755);
    expect(findOwnDirectory(machine())).toBe(directory);
  });

  test.each([".cache/dtuf", ".cache"])(
    "is not kept if others can replace its directory in %s [T195]",
    async (above) => {
      const directory = join(home, ".cache/dtuf/compiled");
      await mkdir(directory, { recursive: true });
      await chmod(join(home, above), 0o777);
      expect(findOwnDirectory(machine())).toBeUndefined();
      await chmod(join(home, above), 0o755);
      expect(findOwnDirectory(machine())).toBe(directory);
    },
  );

  test("is kept in a shared directory in which nobody can rename what is another's", async () => {
    await mkdir(join(home, "shared"));
    await chmod(join(home, "shared"), 0o1777);
    const env = { XDG_CACHE_HOME: join(home, "shared") };
    expect(findOwnDirectory(machine({ env }))).toBe(join(home, "shared/dtuf/compiled"));
  });

  test("is not kept in another user's directory", async () => {
    await mkdir(join(home, ".cache/dtuf/compiled"), { recursive: true });
    expect(findOwnDirectory(machine({ userId: (userId ?? 0) + 1 }))).toBeUndefined();
  });

  test("is not kept behind a link", async () => {
    await mkdir(join(home, ".cache/dtuf"), { recursive: true });
    await mkdir(join(home, "elsewhere"));
    await symlink(join(home, "elsewhere"), join(home, ".cache/dtuf/compiled"));
    expect(findOwnDirectory(machine())).toBeUndefined();
  });

  test("is not kept if its directory cannot be made, which is no error", async () => {
    await writeFile(join(home, ".cache"), "a file");
    expect(findOwnDirectory(machine())).toBeUndefined();
  });
});
