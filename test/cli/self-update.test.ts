/** examples/self-update: a program that is one file replaces itself, and comes back if the new one does not start. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle } from "@dtuf/testing/file-faults/bundle";
import { beforeAll, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");
let source: string;

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  const input = join(import.meta.dirname, "../../examples/self-update/greet.ts");
  const { greet = "" } = await bundle({ greet: input }, join(machine.directory, "bundled"), [
    { name: "one-file", outputOptions: (options) => ({ ...options, codeSplitting: false }) },
  ]);
  source = await readFile(greet, "utf8");
  const home = join(machine.directory, "home");
  await mkdir(home);
  await writeFile(join(home, "greet.mjs"), source);
  await writeFile(join(home, "root.json"), (await machine.must(["get-root", repo, "--output", "-"])).bytes);
});

async function greet(...words: readonly string[]): Promise<string> {
  const repository = `oci:${join(machine.directory, "registry", repo)}`;
  const env = { ...process.env, GREET_REPOSITORY: repository };
  const program = join(machine.directory, "home", "greet.mjs");
  const ended = promisify(execFile)(process.execPath, [program, ...words], { env });
  return ended.then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => String(error),
  );
}

async function release(version: string, text: string): Promise<void> {
  await machine.must(["release", repo, "greet", version, "-"], text);
  await machine.must(["push-metadata", repo]);
}

test("a program updates itself, stays as it is if nothing is new, and comes back from a version that does not start", async () => {
  expect(await greet()).toBe("hello from 1.0.0");
  await release("1.1.0", source.replace('const version = "1.0.0"', 'const version = "1.1.0"'));
  expect(await greet("update")).toBe("greet is now 1.1.0");
  expect(await greet()).toBe("hello from 1.1.0");
  expect(await greet("update")).toBe("greet 1.1.0 is up to date");
  await release("1.2.0", "throw new Error('broken')");
  expect(await greet("update")).toContain("1.2.0 is not healthy");
  expect(await greet()).toBe("hello from 1.1.0");
});
