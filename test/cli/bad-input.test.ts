/** What goes wrong for people: each with its code, its exit status, a message that helps, and nothing lost. */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, encodeImageManifest, emptyConfig, emptyConfigBytes, parseTag } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
});

/** Every file below the machine's directory, by content, but locks, which hold none, and why the last refresh failed. */
async function snapshot(): Promise<ReadonlyMap<string, string>> {
  const files = await readdir(machine.directory, { recursive: true, withFileTypes: true });
  const contents = new Map<string, string>();
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const isOfTheRun = file.name.endsWith("lock") || path.endsWith(join("copy", "failure.json"));
    if (file.isFile() && !isOfTheRun) contents.set(path, digestOf(await readFile(path)));
  }
  return contents;
}

/** Runs, and expects the refusal that is described, with every file as it was. */
async function expectRefusal(
  words: readonly string[],
  wanted: { status: number; says: RegExp; stdin?: string },
): Promise<void> {
  const before = await snapshot();
  const ran = await machine.run(words, wanted.stdin);
  expect(ran.stderr).toMatch(wanted.says);
  expect(ran.status).toBe(wanted.status);
  expect(ran.stdout).toBe("");
  expect(await snapshot()).toEqual(before);
}

test.each([
  ["UTF-16", "utf16le"],
  ["UTF-8 with a byte order mark", "utf8"],
] as const)(
  "a root.json, a chain or a key that a shell wrote as %s is named, and nothing is pinned",
  async (name, as) => {
    const { bytes } = await machine.must(["get-root", repo]);
    await writeFile(join(machine.directory, "root.json"), Buffer.from(`\ufeff${bytes.toString()}`, as));
    for (const words of [
      ["pin", "fred/new"],
      ["pull-metadata", "fred/new"],
      ["adopt-metadata", "fred/new"],
    ]) {
      const says = new RegExp(`root\\.json is ${name}; wanted plain UTF-8`);
      await expectRefusal([...words, "root.json"], { status: 2, says });
    }
  },
);

describe("wrong arguments", () => {
  test.each([
    [[]],
    [["no-such-command"]],
    [["create-root-key"]],
    [["create-root-key", repo, "more"]],
    [["create-metadata-keys"]],
    [["create-metadata", repo, "more"]],
    [["reset-keys"]],
    [["push-target", repo]],
    [["push-target", repo, "demo.txt"]],
    [["del-target"]],
    [["push-metadata", repo, "more"]],
    [["list-master-targets", repo, "more"]],
    [["get-master-expirations"]],
    [["pull-metadata"]],
    [["pull-target"]],
    [["blob-sizes"]],
    [["check-target", repo, "demo.txt"]],
    [["list-copy-targets", repo, "more"]],
    [["get-copy-expirations"]],
    [["list-repos", "more"]],
    [["auth", repo]],
    [["pull-metadata", repo, "--no-such-flag"]],
    [["push-metadata", repo, "--only"]],
  ])("%j are usage: 2", async (words) => {
    expect((await machine.run(words)).status).toBe(2);
  });

  test("a command that is nearly right is suggested", async () => {
    expect((await machine.run(["pull-metdata", repo])).stderr).toContain("pull-metadata");
  });

  test("a lifetime that is none", async () => {
    await expectRefusal(["push-metadata", repo, "--timestamp-lifetime", "soon"], { status: 2, says: /lifetime/i });
  });

  test("a repository's name that leads elsewhere", async () => {
    await expectRefusal(["pull-metadata", "../../etc"], { status: 2, says: /OCI_REFERENCE_INVALID/ });
  });
});

describe("the publisher", () => {
  test("without keys is told which commands make them", async () => {
    await expectRefusal(["create-metadata", "fred/other"], {
      status: 3,
      says: /MASTER_KEYS_MISSING[^]*create-root-key/,
    });
  });

  test.each([["push-metadata"], ["publish"], ["status"], ["list-master-targets"]])(
    "without metadata is told by %s of another directory and of init, and no directory is made here",
    async (command) => {
      await using other = await createMachine({ DTUF_HOST: "oci:registry" });
      await writeFile(join(other.directory, "demo.txt"), "x");
      const ran = await other.run([command, repo, ...(command === "publish" ? ["demo.txt"] : [])]);
      expect(ran).toMatchObject({ status: 3 });
      expect(ran.stderr).toMatch(
        /MASTER_METADATA_MISSING[^]*hint: if the repository was made in another directory.*--repositories-root.* dtuf init fred\/demo/,
      );
      expect(await readdir(other.directory)).toEqual(["demo.txt"]);
    },
  );

  test("cannot make metadata over metadata", async () => {
    await expectRefusal(["create-metadata", repo], { status: 2, says: /MASTER_METADATA_EXISTS/ });
  });

  test("with a wrong passphrase signs nothing", async () => {
    await using other = await createMachine({ DTUF_HOST: "oci:registry", DTUF_TARGETS_KEY_PASSWORD: "right" });
    await publishDemo(other, repo, "x");
    other.environment["DTUF_TARGETS_KEY_PASSWORD"] = "tulip";
    const ran = await other.run(["push-metadata", repo]);
    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stderr).toMatch(/MASTER_PASSPHRASE_WRONG/);
    expect(ran.stderr).not.toContain("tulip");
  });

  test("is not prompted where there is no terminal", async () => {
    await using other = await createMachine({ DTUF_HOST: "oci:registry" });
    delete other.environment["DTUF_ROOT_KEY_PASSWORD"];
    const ran = await other.run(["create-root-key", repo]);
    expect(ran).toMatchObject({ status: 2 });
    expect(ran.stderr).toContain("DTUF_ROOT_KEY_PASSWORD");
  });

  test("cannot delete a target that is not there", async () => {
    await expectRefusal(["del-target", repo, "no-such"], { status: 3, says: /MASTER_TARGET_UNKNOWN/ });
  });

  test("is told by every command, with one status, that a file is not there", async () => {
    await writeFile(join(machine.directory, "root.json"), (await machine.must(["get-root", repo])).bytes);
    for (const words of [
      ["push-target", repo, "x", "no-such-file"],
      ["push-target", repo, "x", "@demo.txt", "no-such-file"],
      ["push-targets", repo, "no-such-file"],
      ["publish", repo, "no-such-file"],
      ["check-target", repo, "demo.txt", "no-such-file"],
      ["push-blob", repo, "no-such-file"],
      ["set-alias", repo, "alias", "./no-such-file"],
      ["import", "no-such-file", "oci:x", "--tuf", "root.json"],
      ["sync", "oci-archive:no-such-file", "oci:x"],
    ]) {
      await expectRefusal(words, { status: 2, says: /there is no file (?:\.\/)?no-such-file \(USAGE\)/ });
    }
  });

  test("cannot push several files as parts of a target that has a file's name, unless that is meant", async () => {
    await using other = await createMachine({ DTUF_HOST: "oci:registry" });
    await publishDemo(other, repo, "one");
    for (const name of ["f2", "f3"]) await writeFile(join(other.directory, name), name);
    const refused = await other.run(["push-target", repo, "demo.txt", "f2", "f3"]);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toContain(`hint: several targets: dtuf push-targets ${repo} demo.txt f2 f3; one target of`);
    expect(JSON.parse((await other.must(["status", repo, "--json"])).stdout)).toMatchObject({
      staged: { targets: [] },
    });
    await other.must(["push-target", repo, "demo.txt", "f2"]);
    await other.must(["push-target", repo, "demo.txt", "demo.txt", "f2"]);
    const { stderr } = await other.must(["push-target", repo, "demo.txt", "f2", "f3", "--parts"]);
    expect(stderr).toContain("one target of 2 parts (f2, f3)");
  });

  test("cannot reuse a target that is not there", async () => {
    await expectRefusal(["push-target", repo, "x", "@no-such"], { status: 3, says: /MASTER_TARGET_UNKNOWN/ });
  });

  test("is stopped where its state names another registry", async () => {
    await cp(join(machine.directory, "registry"), join(machine.directory, "elsewhere"), { recursive: true });
    await expectRefusal(["push-metadata", repo, "--host", "oci:elsewhere"], {
      status: 2,
      says: /MASTER_PLACE_DIFFERS/,
    });
    await rm(join(machine.directory, "elsewhere"), { recursive: true });
  });
});

describe("the client", () => {
  test("without a pin is told how to get one", async () => {
    await using other = await createMachine({ DTUF_HOST: `oci:${machine.directory}/registry` });
    const ran = await other.run(["pull-metadata", repo]);
    expect(ran).toMatchObject({ status: 2 });
    expect(ran.stderr).toMatch(/COPY_NOT_PINNED[^]*root\.json/);
  });

  test("refuses a key that did not sign the root", async () => {
    await using other = await createMachine({ DTUF_HOST: "oci:other" });
    await other.must(["create-root-key", repo]);
    const key = await readFile(join(other.directory, "dtuf_repos", repo, "master", "keys", "root_key.pub"), "utf8");
    await using client = await createMachine({ DTUF_HOST: `oci:${machine.directory}/registry` });
    const ran = await client.run(["pull-metadata", repo, "-"], key);
    expect(ran).toMatchObject({ status: 6, stdout: "" });
    expect((await client.run(["list-copy-targets", repo])).status).not.toBe(0);
  });

  test("refuses a pin that is neither", async () => {
    await expectRefusal(["pull-metadata", repo, "-"], {
      status: 2,
      says: /wanted one root\.json/,
      stdin: "no root at all",
    });
  });

  test("is told that a target is unknown, and where to look", async () => {
    await expectRefusal(["pull-target", repo, "demo.txt", "no-such"], {
      status: 3,
      says: /COPY_TARGET_UNKNOWN[^]*list-copy-targets/,
    });
  });

  test("is told that nothing was ever published", async () => {
    const root = (await machine.must(["get-root", repo])).bytes;
    const ran = await machine.run(["pull-metadata", "fred/never", "-"], root);
    expect(ran).toMatchObject({ status: 3 });
    expect(ran.stderr).toMatch(/COPY_NOT_PUBLISHED/);
  });

  test("is told that `latest` is something else", async () => {
    const store = createLayoutStore({ directory: join(machine.directory, "registry", "fred", "image") });
    const image = encodeImageManifest({ layers: [], artifactType: "application/x" });
    await store.put(emptyConfig, emptyConfigBytes);
    await store.put(image.descriptor, image.bytes, { tags: [parseTag("latest")] });
    const root = (await machine.must(["get-root", repo])).bytes;
    const ran = await machine.run(["pull-metadata", "fred/image", "-"], root);
    expect(ran).toMatchObject({ status: 6 });
    expect(ran.stderr).toMatch(/FORMAT_NOT_A_REPOSITORY/);
  });

  test("is told that the registry is down", async () => {
    // Nobody listens at port 1 (tcpmux).
    await expectRefusal(["pull-metadata", repo, "--host", "127.0.0.1:1", "--insecure"], {
      status: 5,
      says: /OCI_UNAVAILABLE/,
    });
  });

  test("offline, before anything was pulled, is told so", async () => {
    await using other = await createMachine({ DTUF_HOST: "oci:registry" });
    expect((await other.run(["pull-target", repo, "demo.txt", "--offline"])).status).not.toBe(0);
  });

  test.each([[], ["--output", "-"]])("is refused JSON on the stdout that the target goes to: %j", async (...output) => {
    await expectRefusal(["pull-target", repo, "demo.txt", "--json", ...output], {
      status: 2,
      says: /--json has no meaning/,
    });
  });

  test("gets errors as JSON where it asks for JSON", async () => {
    const ran = await machine.run(["pull-target", repo, "no-such", "--json", "--output", "no-such"]);
    expect(JSON.parse(ran.stderr)).toMatchObject({ schemaVersion: 1, error: { code: "COPY_TARGET_UNKNOWN" } });
  });
});
