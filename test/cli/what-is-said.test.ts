/** What a command says when there is nothing to do, when less than all is needed, and about what it was asked. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry", DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" });

beforeEach(async () => {
  await publishDemo(machine, repo, "hello\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
});

test("unstage-target says that nothing was staged, what is staged no longer, and which root stays", async () => {
  const unstage = async (): Promise<string> => (await machine.must(["unstage-target", repo])).stderr;
  expect(await unstage()).toBe("dtuf: nothing was staged\n");
  await machine.must(["push-target", repo, "a", "demo.txt"]);
  await machine.must(["set-periods", repo, "timestamp", "7", "3"]);
  await machine.must(["reset-keys", repo]);
  const all = "dtuf: no longer staged: 1 change of targets, 1 change of keys; root 2 stays staged\n";
  expect(await unstage()).toBe(all);
  expect(await unstage()).toBe("dtuf: nothing was staged; root 2 stays staged\n");
});

test("init of a repository that is there says so, and that nothing was made", async () => {
  const before = (await machine.must(["get-root", repo])).stdout;
  const { stderr } = await machine.must(["init", repo]);
  expect(stderr).toMatch(
    /fred\/demo is there already, at oci:.*registry\/fred\/demo: no key and no release was made\n/,
  );
  expect((await machine.must(["get-root", repo])).stdout).toBe(before);
  expect((await machine.must(["init", "fred/new"])).stderr).not.toContain("already");
});

test("with CI set the error says that no registry is taken unasked, and names the embedded one", async () => {
  machine.environment = { CI: "1" };
  const ran = await machine.run(["init", repo]);
  expect([ran.status, ran.stderr]).toEqual([2, expect.stringMatching(/where CI is set[^]*hint: .*oci:dtuf_registry/)]);
});

test("a registry that is taken unasked is named once, by a command that opens it several times too", async () => {
  delete machine.environment["DTUF_HOST"];
  await publishDemo(machine, "fred/other", "hello\n");
  const { stderr } = await machine.must(["status", "fred/other", "--html", "page.html"]);
  expect(stderr.match(/using the embedded registry/g)).toHaveLength(1);
});

test("verify-repository says of what expires early that it is within the days that were asked for", async () => {
  const words = ["verify-repository", repo, "--root", "root.json"];
  expect((await machine.must(words)).stderr).not.toContain("within");
  const ran = await machine.run([...words, "--valid-days", "2"]);
  expect(ran.status).toBe(7);
  expect(ran.stderr).toMatch(/timestamp expires .*, within the 2 days that --valid-days asks for\n/);
});

test("explain of a target that is not there names the roles that were asked, and what is near", async () => {
  await machine.must(["pull", repo, "--root", "root.json", "--output", "files"]);
  const ran = await machine.run(["explain", repo, "demo.tx"]);
  expect(ran.status).toBe(3);
  expect(ran.stderr).toContain('no target "demo.tx": asked were targets; did you mean "demo.txt"?\n');
});

test("a pattern that takes nothing is answered with where * stops", async () => {
  await mkdir(join(machine.directory, "dist/x64"), { recursive: true });
  await writeFile(join(machine.directory, "dist/x64/app"), "app\n");
  await machine.must(["push-targets", repo, "dist", "--prefix", "linux"]);
  await machine.must(["push-metadata", repo]);
  await machine.must(["pull-metadata", repo, "root.json"]);
  const ran = await machine.run(["pull-target", repo, "--match", "linux/*", "--output", "files"]);
  expect(ran.stderr).toMatch(/no target matches "linux\/\*"[^]*hint: .*\* and \? stop at each \//);
  await machine.must(["pull-target", repo, "--match", "linux/*/*", "--output", "files"]);
});

test("list-keys counts the keys that may sign now, and beside them those that may when what is staged is published", async () => {
  for (const name of ["alice", "bob"]) {
    await machine.must(["create-key", name]);
    await machine.must(["add-key", repo, "root", `${name}.pub`, "--owner", name]);
  }
  const listed = async (): Promise<string> => (await machine.must(["list-keys", repo])).stdout;
  expect(await listed()).toMatch(/^root: 1 of 1 keys must sign; staged: 1 of 3\n/);
  await machine.must(["set-threshold", repo, "root", "2"]);
  expect(await listed()).toMatch(
    /^root: 1 of 1 keys must sign; staged: 2 of 3\n[^]*\ntargets: 1 of 1 keys must sign\n/,
  );
  const status = (await machine.must(["status", repo])).stdout;
  expect(status).toMatch(/^staged: add the key [0-9a-f]{8} of alice, to root$/m);
});

test("that two of three must sign does not read as if all three must", async () => {
  for (const name of ["alice", "bob", "carol"]) {
    await machine.must(["create-key", name]);
    await machine.must(["add-key", repo, "targets", `${name}.pub`, "--owner", name]);
  }
  await machine.must(["set-threshold", repo, "targets", "2"]);
  await machine.must(["push-metadata", repo]);
  await machine.must(["push-target", repo, "a", "demo.txt"]);
  machine.environment = { ...machine.environment, DTUF_SIGNERS_FILE: "none.json" };
  await machine.must(["remove-key", repo, "targets", (await ownKey()) ?? ""]);
  const proposed = await machine.must(["propose", repo, "spring"]);
  expect(proposed.stderr).toMatch(/missing: any [12] of alice, bob, carol[^;]*: dtuf sign/);
  expect((await machine.must(["review", repo, "spring"])).stdout).toMatch(
    /, [01] of 2 by root \d; missing: any [12] of alice, bob, carol$/m,
  );
  const accepted = await machine.run(["accept", repo, "spring"]);
  expect(accepted.stderr).toMatch(/proposal spring needs more signatures: .*; missing: any [12] of alice, bob, carol/);
  expect((await machine.must(["status", repo])).stdout).toMatch(
    /^proposal: spring: missing: alice, bob, carol; dtuf review fred\/demo spring says how many of them must sign$/m,
  );
});

/** The key of targets that has no owner. */
async function ownKey(): Promise<string | undefined> {
  const { stdout } = await machine.must(["list-keys", repo, "--json"]);
  const { roles } = JSON.parse(stdout) as { roles: { role: string; keys: { keyId: string; owner?: string }[] }[] };
  return roles.find(({ role }) => role === "targets")?.keys.find(({ owner }) => owner === undefined)?.keyId;
}

test("what is due is told with the whole command that renews it", async () => {
  const { stdout } = await machine.run(["status", repo, "--within", "10d"]);
  expect(stdout).toMatch(/^due: timestamp expires at .*: dtuf refresh-metadata fred\/demo renews it$/m);
});
