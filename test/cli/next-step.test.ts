/** What an error says to do next, by what is the matter: for publishers' keys, registries put back, and clients. */
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const repo = "fred/demo";

async function createPublisher(): Promise<Machine> {
  const publisher = await createMachine();
  publisher.environment["DTUF_HOST"] = `oci:${publisher.directory}/registry`;
  await publishDemo(publisher, repo, "hello\n");
  return publisher;
}

async function createTimer(publisher: Machine): Promise<Machine> {
  const timer = await createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
  await timer.must(["adopt-metadata", repo, "-"], (await publisher.must(["get-root", repo])).bytes);
  return timer;
}

const keys = (machine: Machine): string => join(machine.directory, "dtuf_repos", repo, "master", "keys");

async function copyKey(from: Machine, to: Machine): Promise<void> {
  for (const file of ["timestamp_key", "timestamp_key.pub"]) await cp(join(keys(from), file), join(keys(to), file));
}

async function hintOf(machine: Machine, words: readonly string[], stdin?: string | Uint8Array): Promise<string> {
  const ran = await machine.run(words, stdin);
  expect(ran.status).not.toBe(0);
  return / hint: (.*)\n/.exec(ran.stderr)?.[1] ?? "";
}

describe("keys that are missing", () => {
  test("before there is metadata, only the commands for the missing keys are named", async () => {
    await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
    const both = "make the keys: dtuf create-root-key fred/demo and dtuf create-metadata-keys fred/demo";
    const named = async (): Promise<string> =>
      (await hintOf(machine, ["create-metadata", repo])).replaceAll("<repo>", repo);
    expect(await named()).toBe(both);
    await machine.must(["create-root-key", repo]);
    expect(await named()).toBe("make the keys: dtuf create-metadata-keys fred/demo");
  });

  test("on a machine that adopted, the hint names the file and the directory to copy it into", async () => {
    await using publisher = await createPublisher();
    await using timer = await createTimer(publisher);
    expect(await hintOf(timer, ["refresh-metadata", repo])).toContain(`copy timestamp_key into ${keys(timer)}`);
    expect(await hintOf(timer, ["push-metadata", repo])).toContain(`copy targets_key into ${keys(timer)}`);
  });

  test("a key that the newest root does not name is told apart from a missing one", async () => {
    await using publisher = await createPublisher();
    await using timer = await createTimer(publisher);
    await copyKey(publisher, timer);
    await timer.must(["refresh-metadata", repo]);
    await publisher.must(["create-metadata-keys", repo]);
    await publisher.must(["reset-keys", repo]);
    await publisher.must(["push-metadata", repo]);
    const refused = await timer.run(["refresh-metadata", repo]);
    expect(refused.stderr).toContain(`root 2 does not name the key in ${join(keys(timer), "timestamp_key")}`);
    expect(refused.stderr).toContain("copy its timestamp_key into");
    await copyKey(publisher, timer);
    await timer.must(["refresh-metadata", repo]);
  });

  test("a lost targets key is replaced by the steps that the hints name", async () => {
    await using publisher = await createPublisher();
    await rm(join(keys(publisher), "targets_key"));
    const lost = /if it is lost: dtuf create-metadata-keys .* dtuf reset-keys .* dtuf push-metadata/;
    expect(await hintOf(publisher, ["push-metadata", repo])).toMatch(lost);
    await publisher.must(["create-metadata-keys", repo]);
    expect(await hintOf(publisher, ["push-metadata", repo])).toContain("dtuf reset-keys");
    await publisher.must(["reset-keys", repo]);
    await publisher.must(["push-metadata", repo]);
  });

  test("reset-keys without the root key names only the command that makes the root key", async () => {
    await using publisher = await createPublisher();
    await rm(join(keys(publisher), "root_key"));
    const hint = await hintOf(publisher, ["reset-keys", repo]);
    expect(hint).toMatch(/copy root_key into .*; if it is lost, dtuf create-root-key .* reset-keys/);
    expect(hint).not.toContain("create-metadata-keys");
  });

  test("refresh-metadata without the snapshot key also names the machine that pushes", async () => {
    await using publisher = await createPublisher();
    await using timer = await createTimer(publisher);
    await copyKey(publisher, timer);
    await publisher.must(["push-metadata", repo, "--timestamp-lifetime", "90d", "--snapshot-lifetime", "10d"]);
    await timer.must(["refresh-metadata", repo, "--timestamp-lifetime", "60d"]);
    const later = new Date(Date.now() + 11 * 86_400_000);
    timer.now = () => later;
    const hint = await hintOf(timer, ["refresh-metadata", repo, "--snapshot", "--snapshot-lifetime", "10d"]);
    expect(hint).toMatch(/^run dtuf push-metadata .* on the machine that pushes, or copy snapshot_key into/);
  });
});

describe("a registry that was put back", () => {
  test.for(["older", "empty"] as const)("to an %s state: publish and status name --base recorded", async (state) => {
    await using publisher = await createPublisher();
    const registry = join(publisher.directory, "registry");
    const backup = join(publisher.directory, "backup");
    await cp(registry, backup, { recursive: true });
    await writeFile(join(publisher.directory, "b.txt"), "b\n");
    await publisher.must(["publish", repo, "b.txt"]);
    await rm(registry, { recursive: true });
    if (state === "older") await cp(backup, registry, { recursive: true });
    const status = await publisher.run(["status", repo]);
    expect([status.status, status.stdout]).toEqual([6, expect.stringMatching(/^next: .*--base recorded/m)]);
    await writeFile(join(publisher.directory, "c.txt"), "c\n");
    expect(await hintOf(publisher, ["publish", repo, "c.txt"])).toContain("--base recorded");
    await publisher.must(["publish", repo, "demo.txt", "b.txt", "c.txt", "--base", "recorded"]);
    expect((await publisher.must(["status", repo])).stdout).not.toContain("next: ");
  });

  test("a client that saw more keeps its trust, and is told not to remove its state", async () => {
    await using publisher = await createPublisher();
    await publisher.must(["pin", repo, "-"], (await publisher.must(["get-root", repo])).bytes);
    const registry = join(publisher.directory, "registry");
    await cp(registry, join(publisher.directory, "backup"), { recursive: true });
    await publisher.must(["push-metadata", repo]);
    await publisher.must(["pull-metadata", repo]);
    const [before = ""] = (await publisher.must(["inspect", repo])).stdout.split("\n");
    await rm(registry, { recursive: true });
    await cp(join(publisher.directory, "backup"), registry, { recursive: true });
    for (const command of ["pull", "pull-metadata"]) {
      const ran = await publisher.run([command, repo]);
      expect([ran.status, ran.stderr]).toEqual([6, expect.stringMatching(/TUF_ROLLBACK[^]*Keep this machine's state/)]);
    }
    const after = await publisher.must(["inspect", repo]);
    expect(after.stdout).toContain(before);
  });
});

test("get-root into a file says the fingerprint that pin says, also of a whole chain, and so does init", async () => {
  await using publisher = await createPublisher();
  await publisher.must(["reset-keys", repo]);
  await publisher.must(["push-metadata", repo]);
  const said = / root version 2, sha256 [0-9a-f]{64}/;
  const [written = ""] = said.exec((await publisher.must(["get-root", repo, "--output", "root.json"])).stderr) ?? [];
  const init = await publisher.must(["init", repo, "--output", "again.json"]);
  const chain = await publisher.must(["get-root", repo, "--all", "--output", "chain.json"]);
  const pinned = await publisher.must(["pin", repo, "root.json"]);
  for (const { stderr } of [init, chain, pinned]) expect(said.exec(stderr)?.[0]).toBe(written);
  expect(written).not.toBe("");
});

test("a repository without metadata: each command names its own first step", async () => {
  await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
  await writeFile(join(machine.directory, "a.txt"), "a\n");
  expect(await hintOf(machine, ["publish", repo, "a.txt"])).toContain("dtuf init");
  expect(await hintOf(machine, ["refresh-metadata", repo])).toMatch(/dtuf adopt-metadata .* root\.json first/);
  expect(await hintOf(machine, ["pull", repo])).toMatch(/dtuf pull .* --root root\.json/);
  expect(await hintOf(machine, ["pull-metadata", repo])).toMatch(/dtuf pull-metadata .* root\.json/);
});

test("metadata that is there already, and a snapshot that is not, have hints of their own", async () => {
  await using publisher = await createPublisher();
  const root = (await publisher.must(["get-root", repo])).bytes;
  expect(await hintOf(publisher, ["create-metadata", repo])).toContain("dtuf status");
  expect(await hintOf(publisher, ["adopt-metadata", repo, "-"], root)).toContain("dtuf status");
  const hint = await hintOf(publisher, ["refresh-metadata", repo, "--expect-snapshot", ">=99"]);
  expect(hint).toMatch(/^dtuf status .* which snapshot is published/);
});

test("a client behind a replaced chain is told of --replace, and that a root of another chain was not used", async () => {
  await using publisher = await createPublisher();
  await using client = await createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
  await writeFile(join(client.directory, "root.json"), (await publisher.must(["get-root", repo])).bytes);
  await client.must(["pull", repo, "--root", "root.json"]);
  expect((await client.must(["pull", repo, "--root", "root.json"])).stderr).not.toContain("not used");
  await rm(join(publisher.directory, "dtuf_repos"), { recursive: true });
  await rm(join(publisher.directory, "registry"), { recursive: true });
  await publishDemo(publisher, repo, "other\n");
  await writeFile(join(client.directory, "new.json"), (await publisher.must(["get-root", repo])).bytes);
  const before = (await client.must(["inspect", repo, "--json"])).stdout;
  const refused = await client.run(["pull", repo, "--root", "new.json"]);
  expect([refused.status, refused.stderr]).toEqual([
    6,
    expect.stringMatching(
      /new\.json \(root 1\) was not used[^]*TUF_THRESHOLD_NOT_MET[^]*hint: .*dtuf pin .* --replace/,
    ),
  ]);
  const pin = (text: string): unknown => (JSON.parse(text) as { pin: unknown }).pin;
  expect(pin((await client.must(["inspect", repo, "--json"])).stdout)).toEqual(pin(before));
  await client.must(["pin", repo, "new.json", "--replace"]);
  await client.must(["pull", repo, "--root", "new.json"]);
});

test("pull --root says that an older root and a chain were not used, and the pin stays", async () => {
  await using publisher = await createPublisher();
  await using client = await createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
  await writeFile(join(client.directory, "1.json"), (await publisher.must(["get-root", repo])).bytes);
  await publisher.must(["reset-keys", repo]);
  await publisher.must(["push-metadata", repo]);
  await writeFile(join(client.directory, "2.json"), (await publisher.must(["get-root", repo])).bytes);
  await writeFile(join(client.directory, "chain.json"), (await publisher.must(["get-root", repo, "--all"])).bytes);
  expect((await client.must(["pull", repo, "--root", "2.json"])).stderr).not.toContain("not used");
  const older = await client.must(["pull", repo, "--root", "1.json"]);
  expect(older.stderr).toContain("1.json (root 1, an older number) was not used: root 2 is pinned and stays");
  const chain = await client.must(["pull", repo, "--root", "chain.json"]);
  expect(chain.stderr).toContain("chain.json (a chain of roots) was not used: root 2 is pinned and stays");
  expect((await client.must(["inspect", repo])).stdout).toContain("pinned: root 2, ");
});

test("a root file that is not JSON is named, by each command that takes one", async () => {
  await using machine = await createMachine({ DTUF_HOST: "oci:registry" });
  await writeFile(join(machine.directory, "bad.json"), "{ not json");
  for (const words of [
    ["pull", repo, "--root", "bad.json"],
    ["pin", repo, "bad.json"],
    ["pull-metadata", repo, "bad.json"],
    ["adopt-metadata", repo, "bad.json"],
    ["sync", "--tuf", "bad.json", "oci:a/x", "oci:b/x"],
  ]) {
    const ran = await machine.run(words);
    expect([words[0], ran.status, ran.stderr]).toEqual([
      words[0],
      6,
      expect.stringMatching(/\(bad\.json\) \(TUF_MALFORMED\)/),
    ]);
  }
});

test("dxf says how a digest and an alias are written, and what stdin may hold", async () => {
  await using machine = await createMachine({ DXF_HOST: "oci:registry" });
  await writeFile(join(machine.directory, "a.txt"), "a\n");
  await machine.must(["dxf", "push-blob", repo, "a.txt", "@host"]);
  for (const words of [["pull-blob"], ["blob-size"], ["del-blob"]]) {
    const ran = await machine.run(["dxf", ...words, repo, "host"]);
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringMatching(/hint: .*an alias is written @name/)]);
    const empty = await machine.run(["dxf", ...words, repo], "");
    expect([empty.status, empty.stderr]).toEqual([2, expect.stringMatching(/stdin is empty[^]*hint: .*@alias/)]);
  }
});

describe("what another command does is named by", () => {
  test("publish of a directory, pull of two targets of one name, and pull of a pattern", async () => {
    await using machine = await createPublisher();
    await mkdir(join(machine.directory, "dist"));
    await writeFile(join(machine.directory, "dist/demo.txt"), "other\n");
    expect(await hintOf(machine, ["publish", repo, "dist"])).toContain("dtuf push-targets fred/demo DIRECTORY");
    await machine.must(["push-targets", repo, "dist", "--prefix", "other"]);
    await machine.must(["push-metadata", repo]);
    await machine.must(["get-root", repo, "--output", "root.json"]);
    await machine.must(["pull-metadata", repo, "root.json"]);
    expect(await hintOf(machine, ["pull", repo, "--output", "files"])).toContain("--tree");
    expect(await hintOf(machine, ["pull", repo, "*.txt"])).toContain("dtuf pull-target fred/demo --match");
  });

  test("pull from a place that has no repository now, after one was pulled: it is not a file that is missing", async () => {
    await using machine = await createPublisher();
    await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
    const ran = await machine.run(["pull", repo, "--host", "oci:elsewhere"]);
    expect(ran.stderr).toContain("no repository is published there now, but this machine has pulled one");
    expect(ran.stderr).toContain("hint: check the registry, the name and the directory: dtuf inspect fred/demo");
    expect(ran.status).toBe(3);
    expect((await machine.must(["inspect", repo])).stdout).toMatch(/asked: .*elsewhere/);
  });

  test("push-metadata of one of two holders who must sign: no private key is to be copied", async () => {
    await using machine = await createPublisher();
    machine.environment = { ...machine.environment, DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
    await machine.must(["create-key", "alice"]);
    await machine.must(["add-key", repo, "targets", "alice.pub", "--owner", "alice"]);
    await machine.must(["set-threshold", repo, "targets", "2"]);
    await machine.must(["push-metadata", repo]);
    machine.environment = { ...machine.environment, DTUF_SIGNERS_FILE: "none.json" };
    await machine.must(["push-target", repo, "second.txt", "demo.txt"]);
    expect(await hintOf(machine, ["push-metadata", repo])).toBe(
      "what is staged is kept: dtuf propose fred/demo asks the other holders to sign",
    );
  });
});
