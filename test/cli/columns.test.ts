/** What a person reads: in columns on a terminal, never wider than it; one plain value a line in a pipe. */
import { main } from "dtuf";
import { createTestIo } from "@dtuf/testing/test-io";
import { beforeAll, expect, test } from "vitest";
import { displayWidth } from "../../packages/cli/src/context/screen/display-width.ts";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const long = `${"a-very-long-directory/".repeat(6)}日本語.tar.gz`;
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["push-target", repo, long, "demo.txt"]);
  await machine.must(["push-metadata", repo]);
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
  await machine.must(["del-target", repo, "demo.txt"]);
});

async function onTerminal(words: readonly string[], columns: number): Promise<readonly string[]> {
  const world = createTestIo({ argv: words, cwd: machine.directory, env: machine.environment });
  await main("dtuf", { ...world.io, stdout: { ...world.io.stdout, terminal: "terminal", columns } });
  return world.stdout().split("\n").slice(0, -1);
}

const reading = [
  ["status", repo],
  ["status", repo, "--within", "1 year"],
  ["inspect", repo],
  ["explain", repo, long],
  ["list-keys", repo],
  ["get-master-expirations", repo],
  ["get-copy-expirations", repo],
  ["list-master-targets", repo],
  ["list-copy-targets", repo],
] as const;

test.each(reading.flatMap((words) => [20, 40, 80, 200].map((columns) => [columns, words] as const)))(
  "at %i columns no line of %j is wider",
  async (columns, words) => {
    const lines = await onTerminal(words, columns);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => displayWidth(line) > columns)).toEqual([]);
  },
);

test("a terminal shows sizes and times from now, a pipe the names and instants alone", async () => {
  expect(await onTerminal(["list-copy-targets", repo], 200)).toEqual([
    expect.stringMatching(/^a-very-long.* {2}12 bytes {2}targets$/),
    expect.stringMatching(/^demo\.txt {2,}12 bytes {2}targets$/),
  ]);
  expect((await machine.must(["list-copy-targets", repo])).stdout).toBe(`${long}\ndemo.txt\n`);
  expect((await onTerminal(["get-copy-expirations", repo], 80)).at(-1)).toMatch(/^timestamp {2}20.* UTC \(in .*\)$/);
  expect((await machine.must(["get-copy-expirations", repo])).stdout).toMatch(/\ntimestamp: 20[\d-]+T[\d:.]+Z\n$/);
  const staged = (await onTerminal(["status", repo], 80)).filter((line) => line.startsWith("staged"));
  expect(staged).toEqual([expect.stringMatching(/^staged +delete demo\.txt$/)]);
  expect((await machine.run(["status", repo])).stdout).toContain("staged: delete demo.txt\n");
});

test("with --null a terminal gets the names as they are", async () => {
  expect(await onTerminal(["list-copy-targets", repo, "--null"], 80)).toEqual([]);
});
