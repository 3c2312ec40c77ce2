/** What a person is told, and what git is told, when keys and state begin in a directory. */
import { execFileSync } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect, test } from "vitest";
import { createMachine, publishDemo } from "./machine.ts";

const repo = "fred/demo";

test("the first command that writes state says its absolute path, and git sees nothing of it", async () => {
  await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
  const root = join(machine.directory, "dtuf_repos");
  execFileSync("git", ["init", "--quiet"], { cwd: machine.directory });
  for (const looks of ["status", "list-master-targets", "list-copy-targets", "inspect", "get-root"]) {
    expect((await machine.run([looks, repo])).stderr).not.toContain("are kept in");
  }
  await expectRefused(stat(root), "ENOENT");
  const first = await machine.must(["create-root-key", repo]);
  expect(first.stderr).toContain(`dtuf: keys and state are kept in ${root}, which git ignores; `);
  const second = await machine.must(["create-metadata-keys", repo]);
  expect(second.stderr).not.toContain("are kept in");
  const seen = execFileSync("git", ["status", "--porcelain", "--untracked-files=all"], { cwd: machine.directory });
  expect(String(seen)).not.toContain("dtuf_repos");
});

test("--quiet says nothing of it; a directory that is there gets no .gitignore", async () => {
  await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
  expect((await machine.must(["create-root-key", repo, "--quiet"])).stderr).toBe("");
  const named = await machine.must(["create-root-key", repo, "--repositories-root", "registry/.."]);
  expect(named.stderr).not.toContain("are kept in");
  await expectRefused(stat(join(machine.directory, ".gitignore")), "ENOENT");
});

test("a client's first pull says where it keeps state", async () => {
  await using publisher = await createMachine({ DTUF_HOST: "oci:registry" });
  await publishDemo(publisher, repo, "one");
  await using client = await createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
  const { bytes } = await publisher.must(["get-root", repo]);
  expect((await client.must(["pull-metadata", repo, "-"], bytes)).stderr).toContain(`${client.directory}/dtuf_repos`);
  expect(await readFile(join(client.directory, "dtuf_repos", ".gitignore"), "utf8")).toBe("*\n");
});

test("keys/ has a README that names every key file, and publishing goes on with it there", async () => {
  await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
  await publishDemo(machine, repo, "one");
  const keys = join(machine.directory, "dtuf_repos", repo, "master", "keys");
  const readme = await readFile(join(keys, "README"), "utf8");
  for (const role of ["root", "targets", "snapshot", "timestamp"]) expect(readme).toContain(`${role}_key `);
  await writeFile(join(keys, "README"), "mine");
  await machine.must(["create-metadata-keys", repo]);
  await machine.must(["reset-keys", repo]);
  await machine.must(["push-metadata", repo]);
  expect(await readFile(join(keys, "README"), "utf8")).toBe("mine");
});
