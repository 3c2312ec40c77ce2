/** What is said to do next where several people sign: never what would end their root. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";
import { describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const repo = "fred/demo";

async function createPublisher(): Promise<Machine> {
  const publisher = await createMachine({ DTUF_SIGNERS_FILE: "signers.json" });
  publisher.environment["DTUF_HOST"] = `oci:${publisher.directory}/registry`;
  await publishDemo(publisher, repo, "hello\n");
  return publisher;
}

const keys = (machine: Machine): string => join(machine.directory, "dtuf_repos", repo, "master", "keys");

async function hintOf(machine: Machine, words: readonly string[], stdin?: string | Uint8Array): Promise<string> {
  const ran = await machine.run(words, stdin);
  expect(ran.status).not.toBe(0);
  return / hint: (.*)\n/.exec(ran.stderr)?.[1] ?? "";
}

describe("a repository of several people, whose founder's keys are removed", () => {
  async function createTeam(): Promise<Machine> {
    const publisher = await createPublisher();
    for (const person of ["alice", "bob"]) await publisher.must(["create-key", person]);
    for (const role of ["root", "targets"]) {
      const founder = (await publisher.must(["list-keys", repo])).stdout.match(
        new RegExp(`^${role}: .*\\n  ([0-9a-f]+)`, "m"),
      );
      for (const person of ["alice", "bob"])
        await publisher.must(["add-key", repo, role, `${person}.pub`, "--owner", person]);
      await publisher.must(["remove-key", repo, role, founder?.[1] ?? ""]);
    }
    await publisher.must(["set-threshold", repo, "root", "2"]);
    await publisher.must(["propose", repo]);
    await publisher.must(["sign", repo, "--yes"]);
    await publisher.must(["accept", repo, "next"]);
    for (const file of ["root_key", "targets_key"]) await rm(join(keys(publisher), file));
    await rm(join(publisher.directory, "signers.json"));
    return publisher;
  }

  test("reset-keys and online keys that are missing name add-key, remove-key and propose, and no new root", async () => {
    await using publisher = await createTeam();
    const steps = /add-key .*remove-key .*propose /;
    const reset = await hintOf(publisher, ["reset-keys", repo]);
    expect(reset).toMatch(steps);
    expect(reset).not.toMatch(/create-root-key|--replace/);
    await rm(join(keys(publisher), "timestamp_key"));
    const lost = await hintOf(publisher, ["refresh-metadata", repo]);
    expect(lost).toMatch(/create-metadata-keys fred\/demo timestamp, .*add-key .*remove-key .*propose /);
    await publisher.must(["create-metadata-keys", repo, "timestamp"]);
    expect(await readdir(keys(publisher))).not.toContain("targets_key");
    const unnamed = await hintOf(publisher, ["refresh-metadata", repo]);
    expect(unnamed).toMatch(steps);
    expect(unnamed).not.toContain("create-metadata-keys");
    expect(`${lost}${unnamed}`).not.toContain("reset-keys");
    await publisher.must(["create-metadata-keys", repo, "targets"]);
    await publisher.must(["create-root-key", repo]);
    expect(await hintOf(publisher, ["reset-keys", repo])).toMatch(/add-key .*propose .* if fewer .*--replace/);
  });

  test("verify-repository from the root of the team does not speak of roots that are left out", async () => {
    await using publisher = await createTeam();
    await publisher.must(["get-root", repo, "--output", "root.json"]);
    const verified = await publisher.must(["verify-repository", repo, "--root", "root.json"]);
    expect(verified.stderr).not.toContain("left out");
    const carried = await publisher.must(["export-repository", repo, "site", "--root", "root.json"]);
    expect(carried.stderr).toContain("left out root 1");
  });

  test("a root that one of two others must sign says so", async () => {
    await using publisher = await createPublisher();
    for (const person of ["alice", "bob"]) {
      await publisher.must(["create-key", person]);
      await publisher.must(["add-key", repo, "root", `${person}.pub`, "--owner", person]);
    }
    const staged = await publisher.must(["set-threshold", repo, "root", "2"]);
    expect(staged.stderr).toContain(
      "staged that 2 keys must sign root: dtuf propose fred/demo asks those who must sign",
    );
    publisher.environment["DTUF_SIGNERS_FILE"] = "none.json";
    const refused = await publisher.run(["push-metadata", repo, "--dry-run"]);
    expect(refused.stderr).toMatch(/2 keys of root 2 must sign, 1 here; missing: any 1 of alice, bob /);
  });

  test("what waits for signatures, or for a machine to be set up, names sign, adopt-metadata and review", async () => {
    await using publisher = await createTeam();
    const staged = await publisher.must(["push-target", repo, "more.txt", "demo.txt"]);
    expect(staged.stderr).toContain("publish it with dtuf push-metadata");
    await publisher.must(["propose", repo, "more"]);
    const waits = await hintOf(publisher, ["accept", repo, "more"]);
    expect(waits).toMatch(/dtuf sign fred\/demo --proposal more/);
    expect(waits).not.toContain("propose fred/demo");
    await using colleague = await createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
    for (const words of [
      ["review", repo, "more"],
      ["accept", repo, "more"],
      ["sign", repo, "--yes"],
    ]) {
      expect(await hintOf(colleague, words)).toMatch(/: dtuf adopt-metadata fred\/demo root\.json/);
    }
    const root = (await publisher.must(["get-root", repo])).bytes;
    expect(await hintOf(publisher, ["adopt-metadata", repo, "-"], root)).toContain("dtuf review fred/demo");
  });

  test("reset-keys --replace asks at a terminal, and what it staged is called a new pin everywhere", async () => {
    await using publisher = await createTeam();
    await publisher.must(["create-metadata-keys", repo, "targets"]);
    await publisher.must(["create-root-key", repo]);
    const argv = ["reset-keys", repo, "--replace"];
    const world = createTestIo({ argv, cwd: publisher.directory, env: publisher.environment });
    const asked: string[] = [];
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return "no";
    };
    expect(await main("dtuf", { ...world.io, ask })).toBe(2);
    expect(asked).toEqual([expect.stringContaining("every client must pin again")]);
    expect(world.stderr()).toContain("thresholds are left out");
    expect((await publisher.must(["status", repo])).stdout).not.toContain("staged");
    expect((await publisher.must(argv)).stderr).toContain("every client must pin again");
    expect((await publisher.must(["status", repo])).stdout).toMatch(/^staged: root 3: .*every client must pin again$/m);
    expect((await publisher.must(["diff", repo])).stderr).toContain("every client must pin again");
    expect((await publisher.must(["push-metadata", repo, "--dry-run"])).stderr).toContain(
      "every client must pin again",
    );
    expect((await publisher.must(["push-metadata", repo])).stderr).toContain("every client must pin again");
  });
});
