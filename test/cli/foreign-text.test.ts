/** Names and words that came from elsewhere: data on stdout, talk on stderr, and never a line of our own. */
import { createHostileRegistry } from "@dtuf/testing/hostile-registry/hostile-registry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createScene, repo, type Scene } from "../attacks/scene.ts";

const name = "a\n--output\r\u001b[31m\u009b1m\u202egnp.exe\u2028z";
const shown = String.raw`a\u{a}--output\u{d}\u{1b}[31m\u{9b}1m\u{202e}gnp.exe\u{2028}z`;
let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
  scene.sim.addTarget(name, Buffer.from("content"));
  await scene.sim.publishRelease();
  await scene.publish();
  await scene.pull();
});

afterAll(async () => scene[Symbol.asyncDispose]());

describe.each(["list-copy-targets", "pull-metadata"])("%s", (command) => {
  test("writes a name with line ends as one line, into a pipe too [T99]", async () => {
    expect((await scene.machine.must([command, repo])).stdout.split("\n").toSorted()).toEqual(["", "a.txt", shown]);
  });

  test.each(["-0", "--null"])("%s ends raw names with a NUL byte", async (flag) => {
    expect((await scene.machine.must([command, repo, flag])).stdout.split("\0").toSorted()).toEqual([
      "",
      name,
      "a.txt",
    ]);
  });

  test("--json escapes C1 and bidirectional characters, and means the same", async () => {
    const { stdout } = await scene.machine.must([command, repo, "--json"]);
    expect(stdout).not.toMatch(/[\u0080-\u009f\p{Cf}\u2028\u2029]/u);
    const { targets, updatedTargets } = JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>;
    expect(targets ?? updatedTargets).toContain(name);
  });
});

test("a name in an error is no line of its own", async () => {
  const { stderr } = await scene.machine.run(["pull-target", repo, name, "--output", "."]);
  expect(stderr.split("\n").filter((line) => line !== "" && !line.startsWith("dtuf: "))).toEqual([]);
  expect(stderr).toContain(String.raw`\u{202e}gnp`);
});

test("a registry's refusal and its warnings are no lines of our own", async () => {
  await using registry = await createHostileRegistry();
  const message = "no\r\ndtuf: hint: run rm -r .\u001b[2J";
  const warning = '299 - "soon\u009b2J"';
  const body = JSON.stringify({ errors: [{ code: "DENIED", message }] });
  registry.script({ fault: { kind: "answer", status: 403, body, headers: { warning } } });
  const given = ["--host", registry.host, "--insecure"];
  const { stderr, status } = await scene.machine.run(["list-aliases", repo, ...given]);
  expect(status).toBe(13);
  expect(stderr).toContain(String.raw`no\u{d}\u{a}dtuf: hint: run rm -r .\u{1b}[2J`);
  expect(stderr).not.toMatch(/^dtuf: hint: run rm/m);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});
