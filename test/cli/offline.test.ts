/** Offline means that no socket is opened: not for metadata, not for bytes, by no command that takes the setting. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../packages/cli/src/table.ts";
import { createMachine, publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const unpublished = "fred/new";
const { machine, registry } = useMachineAndRegistry("all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["create-root-key", unpublished]);
  await machine.must(["create-metadata-keys", unpublished]);
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
});
/** By command: its arguments, and the status that it ends with. */
const calls: Readonly<Record<string, readonly { readonly words: readonly string[]; readonly status: number }[]>> = {
  "create-metadata": [{ words: [unpublished], status: 0 }],
  status: [{ words: [repo], status: 0 }],
  "pull-metadata": [{ words: [repo], status: 0 }],
  "pull-target": [
    { words: [repo, "demo.txt"], status: 3 },
    { words: [repo, "demo.txt", "--blob-info"], status: 3 },
    { words: [repo, "demo.txt", "--output", "there"], status: 3 },
  ],
  pull: [
    { words: [repo, "demo.txt", "--output", "there"], status: 3 },
    // The publisher's own file: its bytes are here.
    { words: [repo, "demo.txt"], status: 0 },
  ],
  "blob-sizes": [{ words: [repo, "demo.txt"], status: 0 }],
  "check-target": [{ words: [repo, "demo.txt", "demo.txt"], status: 0 }],
  explain: [{ words: [repo, "demo.txt"], status: 0 }],
};

const taking = commands.filter(({ settings }) => settings.includes("offline")).map(({ name }) => name);

describe("--offline opens no connection", () => {
  test("and every command that takes it is tried here", () => {
    expect(Object.keys(calls).toSorted()).toEqual(taking.toSorted());
  });

  test.each(Object.entries(calls).flatMap(([name, tries]) => tries.map((one) => ({ name, ...one }))))(
    "$name $words [T93]",
    async ({ name, words, status }) => {
      const elsewhere = [
        ["--metadata-url", `${registry.origin}/metadata/`],
        ["--mirror", `${registry.host}/fred/other`],
      ];
      const own: readonly string[] = commands.find((command) => command.name === name)?.settings ?? [];
      for (const more of [[], ...elsewhere.filter(([flag = ""]) => own.includes(flag.slice("--".length)))]) {
        const before = registry.connections;
        const ran = await machine.run([name, ...words, ...more, "--offline"]);
        expect(registry.connections - before).toBe(0);
        const error = status === 3 ? "COPY_OFFLINE_NOTHING_CACHED" : "";
        expect(ran).toMatchObject({ status, stderr: expect.stringContaining(error) as unknown });
      }
    },
  );

  test.each(["list-copy-targets", "get-copy-expirations"])(
    "nor does %s, which is always offline [T93]",
    async (name) => {
      const before = registry.connections;
      await machine.must([name, repo]);
      expect(registry.connections - before).toBe(0);
    },
  );

  test("and bytes that lie in a layout are here", async () => {
    await using local = await createMachine({ DTUF_HOST: "oci:registry" });
    await publishDemo(local, repo, "Hello World\n");
    await local.must(["pull-metadata", repo, "-"], (await local.must(["get-root", repo])).bytes);
    expect((await local.must(["pull-target", repo, "demo.txt", "--offline"])).stdout).toBe("Hello World\n");
    await local.must(["pull-target", repo, "demo.txt", "--offline", "--output", "there"]);
    expect(await readFile(join(local.directory, "there"), "utf8")).toBe("Hello World\n");
  });
});
