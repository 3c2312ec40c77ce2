/** Who is asked for passphrases, how often, and what is said when nobody can be asked. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";
import { expect, test } from "vitest";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" });

function withoutPasswords(roles: readonly string[]): void {
  for (const role of roles) delete machine.environment[`DTUF_${role}_KEY_PASSWORD`];
}

/** A command whose prompts get these answers in turn, the last one for ever. */
async function runAnswering(words: readonly string[], answers: readonly string[]) {
  const prompts: string[] = [];
  const world = createTestIo({ argv: words, cwd: machine.directory, env: machine.environment });
  const askSecret = (prompt: string): Promise<string> => {
    prompts.push(prompt.replace(/ \(.*/, "").trim());
    return Promise.resolve(answers[prompts.length - 1] ?? answers.at(-1) ?? "");
  };
  const status = await main("dtuf", { ...world.io, askSecret });
  return { status, prompts, stderr: world.stderr() };
}

test("init asks for a passphrase while it makes the key, and not again to sign and to push", async () => {
  delete machine.environment["DTUF_TIMESTAMP_KEY_PASSWORD"];
  const made = await runAnswering(["init", repo], ["secret"]);
  expect([made.status, made.prompts]).toEqual([0, ["New passphrase for the timestamp key", "The same again:"]]);
  const pushed = await runAnswering(["push-metadata", repo], ["secret"]);
  expect([pushed.status, pushed.prompts]).toEqual([0, ["Passphrase of the timestamp key:"]]);
});

test("an empty passphrase is asked for once, and one that is typed twice", async () => {
  withoutPasswords(["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"]);
  const made = await runAnswering(["init", repo], ["", "", "secret", "secret", ""]);
  const asked = (role: string): string => `New passphrase for the ${role} key`;
  expect([made.status, made.prompts]).toEqual([
    0,
    [asked("root"), asked("targets"), asked("snapshot"), "The same again:", asked("timestamp")],
  ]);
  expect(made.stderr).toContain("the targets key is stored without a passphrase");
  expect(made.stderr).toMatch(/published release 1 .*: first publication; /);
});

test("an init that ended between two keys makes the missing ones when it is run again", async () => {
  withoutPasswords(["SNAPSHOT"]);
  const differ = await runAnswering(["init", repo], ["one", "two"]);
  expect([differ.status, differ.stderr]).toEqual([2, expect.stringContaining(`run dtuf init ${repo} again`)]);
  const key = (): Promise<string> => readFile(join(keys, "targets_key"), "utf8");
  const keys = join(machine.directory, "dtuf_repos", repo, "master/keys");
  const before = await key();
  const again = await runAnswering(["init", repo], ["one"]);
  expect([again.status, again.prompts]).toEqual([0, ["New passphrase for the snapshot key", "The same again:"]]);
  expect(again.stderr).not.toContain("lies in");
  expect(await key()).toBe(before);
});

test("a key that is made again before the first metadata is said to go with the first publication, and goes", async () => {
  await machine.must(["create-root-key", repo]);
  await machine.must(["create-metadata-keys", repo]);
  const again = await machine.must(["create-metadata-keys", repo, "targets"]);
  expect(again.stderr).toMatch(/targets_key\.1; no root names it; the first publication removes it/);
  await machine.must(["init", repo]);
  expect(await readdir(join(machine.directory, "dtuf_repos", repo, "master/keys/previous"))).toEqual([]);
  const later = await machine.must(["create-metadata-keys", repo, "targets"]);
  expect(later.stderr).toMatch(/targets_key\.1; it signs until/);
});

test("a wrong passphrase at a prompt is asked for again, three times at most; one from a variable is not tried again", async () => {
  machine.environment["DTUF_TIMESTAMP_KEY_PASSWORD"] = "secret";
  await machine.must(["init", repo]);
  machine.environment["DTUF_TIMESTAMP_KEY_PASSWORD"] = "wrong";
  const refused = await machine.run(["refresh-metadata", repo]);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("MASTER_PASSPHRASE_WRONG")]);
  delete machine.environment["DTUF_TIMESTAMP_KEY_PASSWORD"];
  const right = await runAnswering(["refresh-metadata", repo], ["wrong", "secret"]);
  expect([right.status, right.prompts.length]).toEqual([0, 2]);
  const never = await runAnswering(["refresh-metadata", repo], ["a", "b", "c", "secret"]);
  expect([never.status, never.prompts.length]).toEqual([1, 3]);
  expect(never.stderr).toContain("type the passphrase that this key was made with");
  expect(never.stderr).not.toContain("is taken from");
});

test("without a terminal every missing variable is named at once, and what an empty one means, before a key is made", async () => {
  withoutPasswords(["ROOT", "SNAPSHOT", "TIMESTAMP"]);
  const refused = await machine.run(["init", repo]);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringMatching(
      /hint: set DTUF_ROOT_KEY_PASSWORD, DTUF_SNAPSHOT_KEY_PASSWORD, DTUF_TIMESTAMP_KEY_PASSWORD; .* empty means no encryption/,
    ),
  ]);
  expect((await machine.run(["create-metadata-keys", repo])).stderr).toMatch(/SNAPSHOT_KEY_PASSWORD, .*TIMESTAMP/);
  expect(await readdir(machine.directory, { recursive: true })).not.toContain("root_key");
});

test("an init that fails half-way says that it can be run again", async () => {
  Object.assign(machine.environment, { DTUF_HOST: "127.0.0.1:9", DTUF_INSECURE: "1" });
  const failed = await machine.run(["init", repo]);
  expect([failed.status, failed.stderr]).toEqual([
    5,
    expect.stringContaining(`run dtuf init ${repo} again: it goes on`),
  ]);
  expect(await readdir(join(machine.directory, "dtuf_repos", repo, "master/keys"))).toContain("root_key");
});
