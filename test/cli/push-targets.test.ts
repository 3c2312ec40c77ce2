/** Directories become targets, and come back as files. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const { machine, registry } = useMachineAndRegistry();

beforeEach(async () => {
  await machine.must(["init", repo, "--output", "root.json"]);
  await files({ "dist/a.txt": "a", "dist/sub/b.txt": "b", "dist/sub/c.txt": "c" });
});

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(dirname(join(machine.directory, name)), { recursive: true });
    await writeFile(join(machine.directory, name), content);
  }
}

const published = async (): Promise<readonly string[]> => {
  await machine.must(["push-metadata", repo]);
  return (await machine.must(["list-master-targets", repo])).stdout.trimEnd().split("\n");
};

describe("push-targets", () => {
  test("names the files of a directory from there, and single files as they are, below --prefix", async () => {
    await files({ "README.md": "read" });
    const { stderr } = await machine.must(["push-targets", repo, "dist", "README.md", "--prefix", "1.4"]);
    expect(stderr).toContain("uploaded and staged 4 targets, 7 bytes: publish it with dtuf push-metadata fred/demo");
    expect(await published()).toEqual(["1.4/README.md", "1.4/a.txt", "1.4/sub/b.txt", "1.4/sub/c.txt"]);
  });

  test("--newer sends nothing for files that are signed or staged as they are", async () => {
    await machine.must(["push-targets", repo, "dist"]);
    await published();
    registry.clearLog();
    expect((await machine.must(["push-targets", repo, "dist", "--newer"])).stderr).toContain("3 unchanged");
    expect(registry.requests).toEqual([]);
    await files({ "dist/a.txt": "changed" });
    const { stdout } = await machine.must(["push-targets", repo, "dist", "--newer", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      targets: [{ target: "a.txt", change: "replace", length: 7 }],
      unchanged: ["sub/b.txt", "sub/c.txt"],
    });
  });

  test("--delete stages the end of what is gone below the prefix; --dry-run says it and does nothing", async () => {
    await machine.must(["push-targets", repo, "dist", "--prefix", "one"]);
    await machine.must(["push-targets", repo, "dist", "--prefix", "two/"]);
    await published();
    await rm(join(machine.directory, "dist/sub"), { recursive: true });
    const words = ["push-targets", repo, "dist", "--prefix", "one", "--newer", "--delete"];
    registry.clearLog();
    const dry = await machine.must([...words, "--dry-run"]);
    expect(dry.stdout).toBe("delete one/sub/b.txt\ndelete one/sub/c.txt\n");
    expect(registry.requests).toEqual([]);
    expect(await published()).toHaveLength(6);
    await machine.must(words);
    expect(await published()).toEqual(["one/a.txt", "two/a.txt", "two/sub/b.txt", "two/sub/c.txt"]);
  });

  test("links in a directory are not followed: they are said, and with --delete they are refused", async () => {
    await symlink("/etc/hostname", join(machine.directory, "dist/link"));
    const { stderr } = await machine.must(["push-targets", repo, "dist"]);
    expect(stderr).toMatch(/left out .*dist\/link: it is neither a file nor a directory/);
    expect(await published()).toEqual(["a.txt", "sub/b.txt", "sub/c.txt"]);
    const refused = await machine.run(["push-targets", repo, "dist", "--delete"]);
    expect(refused.stderr).toContain("it is not known which files are gone");
    expect(refused.status).toBe(2);
  });

  test.each([
    ["con", "could not be saved on Windows"],
    ["a\\b", "could not be saved on Windows"],
    ["root.json", "cannot be a target's name"],
  ])("a file called %s is refused before anything is sent", async (name, why) => {
    await files({ [`dist/${name}`]: "x" });
    registry.clearLog();
    const refused = await machine.run(["push-targets", repo, "dist"]);
    expect(refused.stderr).toContain(why);
    expect(refused.status).toBe(2);
    expect(registry.requests).toEqual([]);
  });

  test("an empty directory is refused: with --delete it would end every target", async () => {
    await mkdir(join(machine.directory, "empty"));
    expect(await machine.run(["push-targets", repo, "empty", "--delete"])).toMatchObject({ status: 2 });
  });
});

describe("pull-target of many", () => {
  const pulled = async (words: readonly string[], stdin?: string): Promise<readonly string[]> => {
    const out = join(machine.directory, "out");
    await mkdir(out, { recursive: true });
    await machine.must(["pull-target", repo, ...words, "--output", "out", "--tree"], stdin);
    const found = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    return found.map(({ parentPath, name }) => relative(out, join(parentPath, name)).replaceAll("\\", "/")).toSorted();
  };

  beforeEach(async () => {
    await machine.must(["push-targets", repo, "dist"]);
    await published();
    await machine.must(["pin", repo, "root.json"]);
  });

  test("--all --tree brings the directory back", async () => {
    expect(await pulled(["--all"])).toEqual(["a.txt", "sub/b.txt", "sub/c.txt"]);
    expect(await readFile(join(machine.directory, "out/sub/c.txt"), "utf8")).toBe("c");
  });

  test.each([
    [["--match", "*.txt"], ["a.txt"]],
    [
      ["--match", "*/b.*", "--match", "?.txt"],
      ["a.txt", "sub/b.txt"],
    ],
    [
      ["sub/c.txt", "--match", "*.txt"],
      ["a.txt", "sub/c.txt"],
    ],
  ])("%j takes %j", async (words, names) => {
    expect(await pulled(words)).toEqual(names);
  });

  test.each([
    [[], "a.txt\r\nsub/b.txt\n"],
    [["-0"], "a.txt\0sub/b.txt\0"],
  ])("names come from stdin %j", async (words, stdin) => {
    expect(await pulled(["--names-from", "-", ...words], stdin)).toEqual(["a.txt", "sub/b.txt"]);
  });

  test("a pattern that nothing matches, and a name that is not there, leave nothing half done", async () => {
    for (const words of [
      ["--match", "*.txt", "--match", "x*"],
      ["a.txt", "missing"],
    ]) {
      const refused = await machine.run(["pull-target", repo, ...words, "--output", "."]);
      expect(refused).toMatchObject({ status: 3 });
      expect(await readdir(machine.directory)).not.toContain("a.txt");
    }
  });

  test("no directory of a name is a link, and no name leads out", async () => {
    await mkdir(join(machine.directory, "out"));
    await mkdir(join(machine.directory, "elsewhere"));
    await symlink(join(machine.directory, "elsewhere"), join(machine.directory, "out/sub"));
    const refused = await machine.run(["pull-target", repo, "--all", "--output", "out", "--tree"]);
    expect(refused.stderr).toContain("links are not followed");
    expect(await readdir(join(machine.directory, "elsewhere"))).toEqual([]);
    expect(await readdir(join(machine.directory, "out"))).toEqual(["sub"]);
  });

  test("nothing named is a usage error", async () => {
    expect(await machine.run(["pull-target", repo])).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("--custom", () => {
  test("is signed with the target, and changed alone without a request", async () => {
    await files({ "custom.json": '{"os":"linux","level":2}' });
    await machine.must(["push-target", repo, "a.txt", "dist/a.txt", "--custom", "@custom.json", "--custom", "os=mac"]);
    await published();
    registry.clearLog();
    await machine.must(["push-target", repo, "a.txt", "--custom", "channel=beta=2"]);
    expect(registry.requests).toEqual([]);
    const staged = JSON.parse((await machine.must(["status", repo, "--json", "--offline"])).stdout) as unknown;
    expect(staged).toMatchObject({ staged: { targets: [{ file: { custom: { channel: "beta=2" } } }] } });
  });

  test.each(["dtuf=x", "@reserved.json", "@list.json", "@fraction.json", "@none.json", "text"])(
    "%s is a usage error",
    async (word) => {
      await files({ "reserved.json": '{"dtuf":{"blobs":[]}}', "list.json": "[]", "fraction.json": '{"a":0.5}' });
      registry.clearLog();
      const refused = await machine.run(["push-target", repo, "a.txt", "dist/a.txt", "--custom", word]);
      expect(refused.status).toBe(2);
      expect(registry.requests).toEqual([]);
    },
  );

  test("and the prefix are what the listings filter by, and --json shows it", async () => {
    await files({ "level.json": '{"level":2}' });
    await machine.must([
      "push-targets",
      repo,
      "dist",
      "--prefix",
      "one",
      "--custom",
      "os=linux",
      "--custom",
      "@level.json",
    ]);
    await machine.must(["push-targets", repo, "dist/a.txt", "--custom", "os=mac"]);
    await published();
    await machine.must(["pull-metadata", repo, "root.json"]);
    for (const command of ["list-master-targets", "list-copy-targets"]) {
      const listed = async (...words: string[]): Promise<string> =>
        (await machine.must([command, repo, ...words])).stdout;
      expect(await listed("--custom", "os=mac")).toBe("a.txt\n");
      expect(await listed("--prefix", "one/sub")).toBe("one/sub/b.txt\none/sub/c.txt\n");
      expect(await listed("--prefix", "one", "--custom", "os=mac")).toBe("");
      expect(await listed("--custom", "@level.json", "--custom", "os=linux", "--prefix", "one/sub/")).toContain(
        "c.txt",
      );
      expect(await listed("--custom", "level=2")).toContain("one/a.txt");
      expect(JSON.parse(await listed("--prefix", "one/sub", "--json"))).toMatchObject({
        targets: ["one/sub/b.txt", "one/sub/c.txt"],
        files: [{ path: "one/sub/b.txt", role: "targets", length: 1, custom: { os: "linux", level: 2 } }, {}],
      });
    }
    expect((await machine.must(["list-copy-targets", repo, "--role", "other"])).stdout).toBe("");
    expect((await machine.must(["list-copy-targets", repo, "--role", "targets"])).stdout).toContain("a.txt");
  });

  test("without it a target needs a file", async () => {
    const refused = await machine.run(["push-target", repo, "a.txt"]);
    expect(refused.stderr).toContain("no file for a.txt was named");
    expect(refused.status).toBe(2);
  });
});
