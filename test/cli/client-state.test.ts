/** The client's state on the command line: before anything was pulled, and after it was pulled from elsewhere. */
import { chmod, cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const repo = "fred/demo";
let publisher: Machine;
let root: Uint8Array;

beforeAll(async () => {
  publisher = await createMachine({ DTUF_HOST: "oci:registry" });
  await publishDemo(publisher, repo, "Hello World\n");
  root = (await publisher.must(["get-root", repo])).bytes;
});
afterAll(() => publisher[Symbol.asyncDispose]());

function createClient(): Promise<Machine> {
  return createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
}

describe("before anything was pulled", () => {
  test.each([
    [["list-copy-targets", repo]],
    [["get-copy-expirations", repo]],
    [["blob-sizes", repo, "demo.txt"]],
    [["check-target", repo, "demo.txt", "root.json"]],
    [["explain", repo, "demo.txt"]],
    [["pull-target", repo, "demo.txt"]],
    [["pull-target", repo, "demo.txt", "--offline"]],
  ])("%j says that a root must be pinned first", async (words) => {
    await using client = await createClient();
    await writeFile(join(client.directory, "root.json"), root);
    const ran = await client.run(words);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toMatch(/COPY_NOT_PINNED[^]*pull-metadata/);
  });

  test("a first pin is kept if the registry cannot be reached, and the next pull goes on from it", async () => {
    await using client = await createClient();
    const { DTUF_HOST: host = "" } = client.environment;
    client.environment["DTUF_HOST"] = "127.0.0.1:1";
    client.environment["DTUF_INSECURE"] = "1";
    await writeFile(join(client.directory, "root.json"), root);
    expect((await client.run(["pull-metadata", repo, "root.json"])).status).toBe(5);
    client.environment["DTUF_HOST"] = host;
    expect((await client.must(["pull-metadata", repo])).stdout).toBe("demo.txt\n");
  });
});

describe("that cannot be written", () => {
  /** Root may write anywhere: where the tests run as root, the work is done as a user who owns nothing. */
  async function withoutWriting(client: Machine, work: () => Promise<void>): Promise<void> {
    const states = join(client.directory, "dtuf_repos");
    const isRoot = process.getuid?.() === 0;
    for (const { directory } of [publisher, client]) await chmod(directory, 0o755);
    await mkdir(states, { mode: 0o555 });
    if (isRoot) process.seteuid?.(65_534);
    try {
      await work();
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(states, 0o755);
    }
    expect(await readdir(states)).toEqual([]);
  }

  test("the command says what is lost, and so does its result", async () => {
    await using client = await createClient();
    await withoutWriting(client, async () => {
      const ran = await client.must(["pull-metadata", repo, "-", "--json"], root);
      expect(JSON.parse(ran.stdout)).toMatchObject({ status: "fresh", state: "not-kept" });
      expect(ran.stderr).toMatch(/cannot write the state in [^]*not protected from an older release/);
    });
  });

  test.each([
    ["pull-metadata", repo, "-", "--require-state"],
    ["pin", repo, "-"],
    ["sync", "--tuf=-", repo, "oci:mirror", "--require-state"],
    ["export", "--tuf=-", repo, "demo.tar", "--require-state"],
  ])("%s %s %s %s is refused", async (...words) => {
    await using client = await createClient();
    await withoutWriting(client, async () => {
      const ran = await client.run(words, root);
      expect(ran).toMatchObject({ status: 8, stdout: "" });
      expect(ran.stderr).toContain("COPY_STATE_NOT_KEPT");
    });
  });
});

describe("with no DTUF_HOST", () => {
  test("state that came from a registry is not answered from the embedded one", async () => {
    await using client = await createClient();
    await client.must(["pull-metadata", repo, "-"], root);
    delete client.environment["DTUF_HOST"];
    for (const words of [
      ["pull-metadata", repo],
      ["pull-target", repo, "demo.txt"],
      ["list-copy-targets", repo],
    ]) {
      const ran = await client.run(words);
      expect(ran).toMatchObject({ status: 2, stdout: "" });
      expect(ran.stderr).toContain(`oci:${publisher.directory}/registry/${repo}`);
    }
    const named = ["pull-target", repo, "demo.txt", "--host", `oci:${publisher.directory}/registry`];
    expect((await client.must(named)).stdout).toBe("Hello World\n");
  });

  test("state that came from the embedded registry is", async () => {
    await using machine = await createMachine();
    await publishDemo(machine, repo, "embedded");
    await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
    expect((await machine.must(["pull-target", repo, "demo.txt"])).stdout).toBe("embedded");
  });
});

test("two layouts of one name: the second is refused by naming whose state it is, and the first stays pinned", async () => {
  await using other = await createMachine({ DTUF_HOST: "oci:registry" });
  await publishDemo(other, repo, "other\n");
  await using client = await createMachine();
  await writeFile(join(client.directory, "one.json"), root);
  await writeFile(join(client.directory, "other.json"), (await other.must(["get-root", repo])).bytes);
  const place = (machine: Machine): string => `oci:${machine.directory}/registry/${repo}`;
  await client.must(["pull", place(publisher), "--root", "one.json"]);
  const state = async (): Promise<string> =>
    readFile(join(client.directory, "dtuf_repos/demo/copy/state.json"), "utf8");
  const before = await state();
  const whose = `the state demo in ${client.directory}/dtuf_repos belongs to ${place(publisher)}: `;
  for (const [words, code] of [
    [["pull", place(other), "--root", "other.json"], "TUF_THRESHOLD_NOT_MET"],
    [["pull", place(other)], "TUF_THRESHOLD_NOT_MET"],
    [["pull-target", place(other), "demo.txt"], "TUF_THRESHOLD_NOT_MET"],
    [["pull-metadata", place(other), "other.json"], "COPY_PIN_OTHER_CHAIN"],
    [["pin", place(other), "other.json"], "COPY_PIN_OTHER_CHAIN"],
  ] as const) {
    const refused = await client.run(words);
    expect(refused).toMatchObject({ status: 6, stdout: "", stderr: expect.stringContaining(code) });
    expect(refused.stderr).toContain(whose);
    expect(refused.stderr).not.toContain("--replace");
  }
  const asked = await askedOf(client, ["pull", place(other), "--root", "other.json"]);
  expect(asked, "nobody is asked to give up the first one's pin").toEqual([]);
  expect(await state()).toBe(before);
  await client.must(["pull", place(other), "--root", "other.json", "--repositories-root", "others"]);
});

/** What a person who says yes to everything was asked. */
async function askedOf({ directory: cwd, environment: env }: Machine, argv: readonly string[]): Promise<string[]> {
  const asked: string[] = [];
  const ask = async (question: string): Promise<string> => (asked.push(question), "yes");
  await main("dtuf", { ...createTestIo({ argv, cwd, env }).io, ask });
  return asked;
}

test("a layout that is carried to another directory of that name keeps its state", async () => {
  await using client = await createMachine();
  const layout = (where: string): string => join(client.directory, where, "demo");
  await cp(join(publisher.directory, "registry", repo), layout("stick"), { recursive: true });
  await writeFile(join(client.directory, "root.json"), root);
  await client.must(["pull", `oci:${layout("stick")}`, "--root", "root.json"]);
  await rename(join(client.directory, "stick"), join(client.directory, "other-stick"));
  await client.must(["pull", `oci:${layout("other-stick")}`]);
  expect((await client.must(["inspect", "oci:elsewhere/demo"])).stdout).toContain(`oci:${layout("other-stick")}`);
});
