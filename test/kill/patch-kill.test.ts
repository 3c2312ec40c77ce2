/** The command line brings a file up to date by a chain of patches, and is killed at each change of the disk, or meets a full or a broken one at each file call. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { armFileFault } from "@dtuf/testing/file-faults/file-faults";
import { failAtEachCall, killAtEachChange } from "@dtuf/testing/file-faults/file-trials";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine, createMachineIn, publishDemo, type Machine } from "../cli/machine.ts";

const patience = { timeout: 600_000 };
const repo = "fred/demo";
const base = randomBytes(3_000_000);

/** A version whose every chunk differs from that of the others. */
function version(number: number): Buffer {
  const bytes = Buffer.from(base);
  for (let place = number; place < bytes.length; place += 5000) bytes[place] = (bytes[place] ?? 0) + number;
  return bytes;
}
const versions = [version(1), version(2), version(3)] as const;
const words = ["pull-target", repo, "app", "--output", "app"];

const registry = useHostileRegistry("all tests");
let publisher: Machine;
const client = (): string => join(publisher.directory, "client");
const environment = (): Readonly<Record<string, string>> => ({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
const machineIn = (home: string): Machine => createMachineIn(home, environment());

/** Each version has a patch from the one before; the client has the first. */
beforeAll(async () => {
  publisher = await createMachine(environment());
  await publishDemo(publisher, repo, "small");
  for (const bytes of versions) {
    await writeFile(join(publisher.directory, "app"), bytes);
    await publisher.must(["push-target", repo, "app", "app"]);
    await publisher.must(["push-metadata", repo]);
  }
  await mkdir(client());
  await writeFile(join(client(), "root.json"), (await publisher.must(["get-root", repo, "--output", "-"])).bytes);
  await writeFile(join(client(), "app"), versions[0]);
  await machineIn(client()).must(["pull-metadata", repo, "root.json"]);
});
afterAll(() => publisher?.[Symbol.asyncDispose]());

async function expectOldOrNew(home: string): Promise<void> {
  const bytes = await readFile(join(home, "app"));
  expect([versions[0], versions[2]].some((whole) => whole.equals(bytes))).toBe(true);
}

async function expectNextRunSucceeds(home: string): Promise<void> {
  await machineIn(home).must(words);
  expect((await readFile(join(home, "app"))).equals(versions[2])).toBe(true);
}

/** The lock of a download that was complete stays if its process was killed before it could remove it. */
async function expectNothingLeft(home: string): Promise<void> {
  const left = (await readdir(home)).filter((name) => !/^\.dtuf-[0-9a-f]{32}\.lock$/.test(name));
  expect(left.toSorted()).toEqual(["app", "dtuf_repos", "root.json"]);
}

describe("a pull by patches", () => {
  test(
    "that is killed at any change leaves the old file or the new one, and the next run succeeds",
    patience,
    async () => {
      const { stdout } = await machineIn(client()).must([
        ...words.slice(0, -1),
        "../by-patches",
        "--seed",
        "app",
        "--json",
      ]);
      expect(JSON.parse(stdout)).toMatchObject({ targets: [{ ways: ["patch"] }] });
      const check = async (home: string): Promise<void> => {
        await expectOldOrNew(home);
        await expectNextRunSucceeds(home);
        await expectNothingLeft(home);
      };
      const program = join(import.meta.dirname, "patch-pull.ts");
      const args = [registry.host, ...words];
      expect(await killAtEachChange({ program, args, before: client(), check })).toBeGreaterThan(15);
    },
  );

  test.each([
    ["full", "full"],
    ["broken", "EIO"],
  ] as const)("that meets a %s disk at any call has the same end", patience, async (_how, kind) => {
    const check = async (home: string, outcome: string): Promise<void> => {
      expect(outcome).toMatch(/^(fine|FILE_[A-Z_]+)$/);
      await expectOldOrNew(home);
      await expectNextRunSucceeds(home);
    };
    const run = async (home: string): Promise<void> => {
      const { status, stderr } = await machineIn(home).run(words);
      if (status !== 0) throw Object.assign(new Error(stderr), { code: /\(([A-Z_]+)\)\n/.exec(stderr)?.[1] ?? stderr });
    };
    expect(await failAtEachCall({ before: client(), run, kind, check })).toBeGreaterThan(15);
  });

  test("that cannot look at what it was told to write to says so, and not that it is not there", async () => {
    for (let at = 1; at <= 10; at++) {
      const fault = await armFileFault({ root: client(), kind: "EIO", at });
      const { stderr } = await machineIn(client()).run([...words.slice(0, -1), "new"]);
      fault.disarm();
      expect(stderr).not.toContain("USAGE");
    }
  });
});
