/** `pull-target --explain` says what would be fetched, `--json` what was. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@dtuf/registry";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const old = randomBytes(3_000_000);
const content = Buffer.concat([old.subarray(0, 1_000_000), randomBytes(1000), old.subarray(1_000_000)]);
const { machine, registry } = useMachineAndRegistry();

beforeEach(async () => {
  await publishDemo(machine, "fred/demo", "small");
  await writeFile(join(machine.directory, "app.bin"), content);
  await writeFile(join(machine.directory, "old.bin"), old);
  await machine.must(["push-target", "fred/demo", "app.bin", "app.bin", "--chunk", "16k"]);
  await machine.must(["push-metadata", "fred/demo"]);
  await machine.must(["get-root", "fred/demo", "--output", "root.json"]);
  await machine.must(["pull-metadata", "fred/demo", "root.json"]);
  registry.clearLog();
});
const fetched = (): number =>
  registry.requests.filter(({ method, path }) => method === "GET" && path.endsWith(digestOf(content))).length;

interface Said {
  readonly fetchedBytes: number;
  readonly requests: number;
  readonly ways: readonly string[];
}

async function said(words: readonly string[]): Promise<Said> {
  const { stdout } = await machine.must([
    "pull-target",
    "fred/demo",
    "app.bin",
    "--output",
    "new.bin",
    ...words,
    "--json",
  ]);
  const json = JSON.parse(stdout) as Readonly<Record<string, readonly Said[]>>;
  return (json["plan"] ?? json["targets"])?.[0] ?? { fetchedBytes: -1, requests: -1, ways: [] };
}

test("--explain fetches no byte of the target, and the pull does what it said", async () => {
  const plan = await said(["--seed", "old.bin", "--explain"]);
  expect(fetched()).toBe(0);
  await expect(readFile(join(machine.directory, "new.bin"))).rejects.toThrow(/ENOENT/);
  expect(plan).toMatchObject({ ways: ["seed", "ranges"] });
  // How many chunks around the change differ depends on chance.
  expect(plan.fetchedBytes).toBeLessThan(1_000_000);
  expect(await said(["--seed", "old.bin"])).toMatchObject({
    outcome: "written",
    fetchedBytes: plan.fetchedBytes,
    requests: plan.requests,
    ways: plan.ways,
  });
  // One more is for the chunk index.
  expect(fetched()).toBe(plan.requests - 1);
  expect(content.equals(await readFile(join(machine.directory, "new.bin")))).toBe(true);
});

test("--explain says it in words", async () => {
  const words = ["pull-target", "fred/demo", "app.bin", "--output", "new.bin", "--explain"];
  const whole = await machine.must(words);
  expect(whole.stdout).toBe("app.bin (2.9 MiB): 2.9 MiB to fetch by 1 request, all that is missing\n");
  const parts = await machine.must([...words, "--seed", "old.bin"]);
  expect(parts.stdout).toMatch(
    /^app\.bin \(2\.9 MiB\): 2\.\d MiB from older files, [\d.]+ KiB to fetch by 2 requests, 1 range of it\n$/,
  );
});

test("a seed that is not there is a usage error, before anything is fetched", async () => {
  const words = ["pull-target", "fred/demo", "app.bin", "--output", "new.bin", "--seed", "missing.bin"];
  expect(await machine.run(words)).toMatchObject({ status: 2 });
  expect(fetched()).toBe(0);
});
