/** Called where neither state nor registry is: the command says so, and leaves nothing there. */
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({}, "all tests");

beforeAll(async () => {
  await mkdir(join(machine.directory, "made"));
  machine.environment["DTUF_REPOSITORIES_ROOT"] = "made/dtuf_repos";
  machine.environment["DTUF_HOST"] = "oci:made/dtuf_registry";
  await publishDemo(machine, repo, "hello\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["get-root", repo, "--output", "made/root.json"]);
  await cp(join(machine.directory, `made/dtuf_repos/${repo}/master/keys/root_key.pub`), join(machine.directory, "pub"));
  delete machine.environment["DTUF_REPOSITORIES_ROOT"];
  delete machine.environment["DTUF_HOST"];
});

test.each([
  "pull fred/demo",
  "pull fred/demo demo.txt --output x.txt",
  "pull fred/demo --root root.json",
  "pull fred/demo --root demo.txt",
  "pull fred/demo --root root.json --host oci:nowhere",
  "pull-metadata fred/demo",
  "pull-metadata fred/demo root.json",
  "pull-metadata fred/demo pub",
  "pull-metadata fred/demo --cache-if-valid",
  "pull-target fred/demo demo.txt",
  "explain fred/demo demo.txt",
  "check-target fred/demo demo.txt demo.txt",
  "inspect fred/demo",
  "pin fred/demo demo.txt",
  "publish fred/demo demo.txt",
  "status fred/demo",
  "push-metadata fred/demo",
])("%s leaves nothing behind", async (line) => {
  const before = await readdir(machine.directory);
  const ran = await machine.run(line.split(" "));
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).not.toContain(" kept in ");
  expect(await readdir(machine.directory)).toEqual(before);
});

test("a client is told which place was looked at, and how it is named", async () => {
  const { stderr } = await machine.run(["pull", repo, "--root", "root.json"]);
  expect(stderr).toContain(`there is no repository at oci:${machine.directory}/dtuf_registry/fred/demo`);
  expect(stderr).toMatch(/hint: .*DTUF_HOST names it/);
});

test("a publisher is told of the directory that has the state before a second repository is proposed", async () => {
  for (const words of [
    ["publish", repo, "demo.txt"],
    ["status", repo],
  ]) {
    const { stderr } = await machine.run(words);
    expect(stderr).toMatch(/hint: .*in another directory.*DTUF_REPOSITORIES_ROOT.*only if .*a new one.*dtuf init/);
  }
});

test("a first pull that succeeds says where its state is, and git ignores it", async () => {
  const { stderr } = await machine.must(["pull", repo, "--root", "root.json", "--host", "oci:made/dtuf_registry"]);
  expect(stderr).toContain(`dtuf: state is kept in ${machine.directory}/dtuf_repos`);
  expect(await readdir(join(machine.directory, "dtuf_repos"))).toContain(".gitignore");
  await rm(join(machine.directory, "dtuf_repos"), { recursive: true });
});

test("a repository that was pulled and is gone now is no wrong directory: the pin and its state stay", async () => {
  const at = ["--host", "oci:made/dtuf_registry"];
  await machine.must(["pull", repo, "--root", "root.json", ...at]);
  const ran = await machine.run(["pull", repo, "--root", "root.json", "--host", "oci:nowhere"]);
  expect(ran.stderr).toContain("no repository is published there now, but this machine has pulled one");
  await machine.must(["pull", repo, ...at]);
});
