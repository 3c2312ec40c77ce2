/** A name that is not known is answered with what is near; nothing that merely has as many letters is near. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry", DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" });

beforeEach(async () => {
  await publishDemo(machine, repo, "hello\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
});

async function answerOf(words: readonly string[]): Promise<string> {
  const ran = await machine.run(words);
  expect(ran.status).not.toBe(0);
  return / hint: (.*)\n/.exec(ran.stderr)?.[1] ?? "";
}

test.each([
  ["pull", "fred/dem"],
  ["pull", "demo"],
  ["pull", "fred/dem", "--root", "root.json"],
  ["pull-metadata", "fred/deom", "root.json"],
  ["publish", "fred/dmeo", "demo.txt"],
  ["status", "freddemo"],
  ["adopt-metadata", "fred/dem", "root.json"],
])("%s %s: the repository that is near is named", async (...words) => {
  expect(await answerOf(words)).toMatch(/^did you mean "fred\/demo"\?/);
});

test.each(["pull-metadata", "pin", "adopt-metadata"])(
  "%s --root or --tuf says that the file is a word there",
  async (command) => {
    for (const flag of [["--root", "root.json"], ["--root=root.json"], ["--tuf", "root.json"]]) {
      const hint = await answerOf([command, repo, ...flag]);
      expect(hint).toMatch(new RegExp(`^the file follows the repository: dtuf ${command} .*root\\.json`));
    }
  },
);

test("nothing is near if the name is right, or if what is missing is the repository that is to be taken over", async () => {
  await publishDemo(machine, "fred/dema", "hello\n");
  expect(await answerOf(["explain", repo, "demo.txt"])).toMatch(/^pin a root first/);
  await mkdir(join(machine.directory, "plain"));
  const words = ["import-repository", "fred/dem", "--metadata-url", "plain", "--root", "root.json"];
  expect(await answerOf(words)).toMatch(/^what --metadata-url names has no timestamp\.json/);
});

test("a repository of a registry is named with its host, from what this machine knows", async () => {
  expect(await answerOf(["pull", "registry.example/fred/dem"])).toMatch(
    /^did you mean "registry.example\/fred\/demo"\?/,
  );
  expect(await answerOf(["pull", "wilma/other"])).not.toContain("did you mean");
});

test("the embedded registry is looked at where there is no state", async () => {
  const other = join(machine.directory, "other");
  await mkdir(other);
  const words = ["pull", "fred/dem", "--root", "root.json", "--repositories-root", "other"];
  expect(await answerOf(words)).toMatch(/^did you mean "fred\/demo"\?/);
  expect(await readdir(other)).toEqual([]);
});

describe("a role, an owner, a proposal, a staged target", () => {
  beforeEach(async () => {
    await machine.must(["create-key", "alice"]);
    await machine.must(["add-key", repo, "targets", "alice.pub", "--owner", "alice"]);
    await writeFile(join(machine.directory, "bee"), "b\n");
  });

  test.each([
    ["set-threshold", repo, "rot", "2", "root"],
    ["set-threshold", repo, "tragets", "2", "targets"],
    ["remove-key", repo, "targets", "alic", "alice"],
  ])("%s %s %s %s: %s is near", async (...words) => {
    expect(await answerOf(words.slice(0, -1))).toMatch(
      new RegExp(`^did you mean "${words.at(-1) ?? ""}"\\? dtuf list-keys fred/demo`),
    );
  });

  test("a proposal that is near is named", async () => {
    await machine.must(["propose", repo, "spring"]);
    for (const command of ["review", "accept"]) {
      expect(await answerOf([command, repo, "sprng"])).toMatch(/^did you mean "spring"\? dtuf status fred\/demo/);
    }
  });

  test("unstage-target names what is staged and near, and never a name without a letter in common", async () => {
    await machine.must(["push-target", repo, "b", "bee"]);
    await machine.must(["push-target", repo, "beta", "bee"]);
    expect(await answerOf(["unstage-target", repo, "q"])).toBe("dtuf status fred/demo lists what is staged");
    expect(await answerOf(["unstage-target", repo, "bta"])).toMatch(/^did you mean "beta"\?/);
    // It is published, and not staged.
    expect(await answerOf(["unstage-target", repo, "demo.tx"])).toBe("dtuf status fred/demo lists what is staged");
  });
});

test.for([
  ["export", "root", "tuf"],
  ["export-repository", "tuf", "root"],
  ["verify-repository", "tuf", "root"],
] as const)("%s --%s names --%s, the trusted root's name there", async ([command, given, wanted]) => {
  for (const flag of [[`--${given}`, "root.json"], [`--${given}=root.json`]]) {
    expect(await answerOf([command, repo, ...flag])).toBe(`the trusted root is --${wanted} of dtuf ${command}`);
  }
});
