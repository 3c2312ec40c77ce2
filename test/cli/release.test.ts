/** Releases that are published with the commands, installed by an agent from an embedded registry. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createAgent, type Agent, type AgentOptions } from "@dtuf/agent";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine(
  { DTUF_HOST: "oci:registry", DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" },
  "all tests",
);
let agent: Agent;
let root: Uint8Array;

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  root = (await machine.must(["get-root", repo, "--output", "-"])).bytes;
  await mkdir(join(machine.directory, "bin"));
  agent = createAgent(agentOf("app"));
});
afterAll(async () => {
  await agent.close();
});

const agentOf = (name: string): AgentOptions => ({
  copy: { repository: `oci:${join(machine.directory, "registry", repo)}`, root },
  directory: join(machine.directory, `agent of ${name}`),
  name,
  install: { kind: "executable", path: join(machine.directory, "bin", name) },
});
const push = (): Promise<unknown> => machine.must(["push-metadata", repo]);
const installed = (): Promise<string> => readFile(join(machine.directory, "bin", "app"), "utf8");
const offered = async (): Promise<string | undefined> => (await agent.check()).update?.release.version;

async function release(version: string, ...more: readonly string[]): Promise<void> {
  await machine.must(["release", repo, "app", version, "-", ...more], `app ${version}`);
}

async function update(): Promise<void> {
  const { update: found } = await agent.check();
  if (found === undefined) throw new TypeError("there is no update");
  await agent.stage(found);
  await agent.apply();
  await agent.confirm();
}

test("a release is installed, a rollout reaches the machine, and a revoked one is left for the older one", async () => {
  await release("1.0.0");
  await push();
  await update();
  await release("1.1.0", "--rollout", "0%");
  await push();
  expect(await offered()).toBe(undefined);
  await machine.must(["rollout", repo, "app", "1.1.0", "100%"]);
  await push();
  await update();
  expect(await installed()).toBe("app 1.1.0");
  await machine.must(["revoke-release", repo, "app", "1.1.0", "1.0.0"]);
  await push();
  await update();
  expect(await installed()).toBe("app 1.0.0");
});

test("what cannot be a release is refused, and nothing is staged", async () => {
  const refused = async (...words: readonly string[]): Promise<string> => {
    const { status, stderr } = await machine.run([...words], "x");
    return `${status} ${/\((\w+)\)/.exec(stderr)?.[1]}`;
  };
  expect(await refused("release", repo, "app", "1.0", "-")).toBe("2 AGENT_RELEASE_INVALID");
  expect(await refused("release", repo, "a/b", "1.2.0", "-")).toBe("2 AGENT_RELEASE_INVALID");
  expect(await refused("release", repo, "app", "1.0.0", "-")).toBe("2 AGENT_RELEASE_AMBIGUOUS");
  expect(await refused("release", repo, "app", "1.3.0", "-", "--patch-from", "published")).toBe("2 USAGE");
  expect(await refused("release", repo, "app", "1.2.0", "-", "--platform", "linux/amd64,windows/amd64")).toBe(
    "2 USAGE",
  );
  expect(await refused("rollout", repo, "app", "1.1.0", "50%")).toBe("2 AGENT_ROLLOUT_DOWN");
  expect(await refused("rollout", repo, "app", "1.1.0", "half")).toBe("2 USAGE");
  expect(await refused("rollout", repo, "app", "9.0.0", "50%")).toBe("3 AGENT_RELEASE_UNKNOWN");
  expect(await refused("revoke-release", repo, "app", "1.0.0", "1.1.0")).toBe("2 AGENT_RELEASE_INVALID");
  expect(await refused("revoke-release", repo, "app", "1.0.0", "0.1.0")).toBe("3 AGENT_RELEASE_UNKNOWN");
  expect(JSON.parse((await machine.must(["list-master-targets", repo, "--json"])).stdout)).toMatchObject({
    targets: expect.not.arrayContaining([expect.stringContaining("1.2.0")]),
  });
  await machine.must(["rollout", repo, "app", "1.1.0", "50%", "--force"]);
  await machine.must(["unstage-target", repo]);
});

test("a delegate releases a program, rolls it out and revokes it with its own key, and no other program", async () => {
  const role = ["--role", "tool-team"];
  const accepted = async (...words: readonly string[]): Promise<void> => {
    await machine.must(["propose", repo, ...words, "--signer", "file2:dora"]);
    await machine.must(["accept", repo, words[0] === "--role" ? "tool-team" : "trust"]);
  };
  await machine.must(["create-key", "dora"]);
  await machine.must(["delegate-role", repo, "tool-team", "--path", "tool/*/*/*", "--key", "dora.pub"]);
  await accepted("trust");
  await machine.must(["release", repo, "tool", "1.0.0", "-", ...role], "tool 1");
  await accepted(...role);
  expect((await machine.run(["release", repo, "tool", "1.0.0", "-", ...role], "other")).stderr).toContain(
    "AGENT_RELEASE_AMBIGUOUS",
  );
  const foreign = await machine.run(["release", repo, "app", "9.0.0", "-", ...role], "evil");
  expect(foreign).toMatchObject({ status: 6, stderr: expect.stringContaining("MASTER_PATH_NOT_DELEGATED") });
  await machine.must(["release", repo, "tool", "1.1.0", "-", "--rollout", "0%", ...role], "tool 2");
  await accepted(...role);
  await using tool = createAgent(agentOf("tool"));
  expect((await tool.check()).update?.release.version).toBe("1.0.0");
  await machine.must(["rollout", repo, "tool", "1.1.0", "100%", ...role]);
  await accepted(...role);
  expect((await tool.check()).update?.release.version).toBe("1.1.0");
  await machine.must(["revoke-release", repo, "tool", "1.1.0", "1.0.0", ...role]);
  await accepted(...role);
  expect((await tool.check()).update?.release.version).toBe("1.0.0");
  expect((await machine.run(["rollout", repo, "tool", "1.0.0", "100%"])).stderr).toContain("AGENT_RELEASE_UNKNOWN");
});

test("a person who signs sees what changes of a release, new or old, wherever the change is shown [T162]", async () => {
  await release("2.0.0", "--critical", "--rollout", "10%", "--minimum", "1.0.0");
  const added = [
    "custom.release.critical none -> true",
    'custom.release.minimum none -> "1.0.0"',
    "custom.release.rollout none -> 10",
  ];
  const { stdout } = await machine.must(["diff", repo]);
  for (const line of added) expect(stdout).toContain(line);
  await push();
  await machine.must(["rollout", repo, "app", "2.0.0", "50%"]);
  await machine.must(["revoke-release", repo, "app", "2.0.0", "1.1.0"]);
  const lines = ["revoked none -> true", 'rollback none -> "1.1.0"', "rollout 10 -> 50"];
  await machine.must(["propose", repo, "back"]);
  await machine.must(["sign", repo, "--proposal", "back", "--export", "request"]);
  const shown = await Promise.all(
    [
      ["diff", repo],
      ["status", repo],
      ["push-metadata", repo, "--dry-run"],
      ["review", repo, "back"],
      ["sign", repo, "--proposal", "back"],
      ["sign-file", "request"],
    ].map((words) => machine.run(words)),
  );
  for (const { stdout: out, stderr } of shown)
    for (const line of lines) expect(out + stderr).toContain(`custom.release.${line}`);
  const { targets } = JSON.parse((await machine.must(["diff", repo, "--json"])).stdout) as { targets: unknown };
  expect(targets).toMatchObject([
    {
      fields: expect.arrayContaining([
        { field: "custom.release.revoked", after: true },
        { field: "custom.release.rollback", after: "1.1.0" },
        { field: "custom.release.rollout", before: 10, after: 50 },
      ]) as unknown,
    },
  ]);
});

test("a long field is cut when it is shown, and its hash tells it from another that begins alike [T162]", async () => {
  const shown = async (end: string): Promise<string> => {
    await machine.must(["push-target", repo, "long.txt", "-", "--custom", `notes=${"x".repeat(9000)}${end}`], "long");
    const { stdout } = await machine.must(["diff", repo]);
    return stdout.split("\n").find((line) => line.includes("custom.notes")) ?? "";
  };
  const [one, two] = [await shown("\u001B[2J"), await shown("b")];
  expect(one).toMatch(
    /^targets: long\.txt: custom\.notes none -> "x{199}\.\.\. \(\d+ characters, sha256 [0-9a-f]{64}\)$/,
  );
  expect(two).not.toBe(one);
});
