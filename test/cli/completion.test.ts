/** Completion in real shells, with names of targets that a registry chose. */
import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createHostileRegistry } from "@dtuf/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { hasProgram } from "./has-program.ts";
import { createMachine, publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const bin = new URL("../../packages/cli/src/bin/dtuf.ts", import.meta.url).pathname;
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

/** Each would make the file `pwned` if a shell evaluated it. */
const hostile = [
  "a$(touch pwned)",
  "a`touch pwned`",
  "a;touch pwned",
  "a'b",
  'a"b',
  "a b",
  "a*",
  "a!x",
  "a$HOME",
  "a>pwned",
  "a|b&c",
];

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  for (const name of ["café.txt", "-option", ...hostile]) {
    await machine.must(["push-target", repo, "--", name, "demo.txt"]);
  }
  await machine.must(["push-metadata", repo]);
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
  await mkdir(join(machine.directory, "bin"));
  const program = join(machine.directory, "bin/dtuf");
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" --conditions=@dtuf/source "${bin}" "$@"\n`);
  await chmod(program, 0o755);
});

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  return (await machine.must(["__complete", "zsh", ...words])).stdout.split("\n").slice(0, -1);
}

describe("what may stand there:", () => {
  test.each([
    [["unst"], ["names", "unstage-target\tdrop what is staged: for the targets named, or all of it"]],
    [
      ["push-target", ""],
      ["names", "fred/demo"],
    ],
    [
      ["pull-target", "fred/demo", "caf"],
      ["names", "café.txt"],
    ],
    [
      ["pull-target", "fred/demo", "demo.txt", "dem"],
      ["names", "demo.txt"],
    ],
    [
      ["del-target", "fred/demo", "dem"],
      ["names", "demo.txt"],
    ],
    [["push-target", "fred/demo", "new", ""], ["files"]],
    [
      ["push-target", "fred/demo", "new", "@dem"],
      ["names", "@demo.txt"],
    ],
    [["pin", "fred/demo", ""], ["files"]],
    [
      ["create-root-key", "fred/demo", "--key-type", "ed"],
      ["names", "ed25519"],
    ],
    [
      ["create-root-key", "fred/demo", "--key-type=ed"],
      ["names", "--key-type=ed25519"],
    ],
    [["pull", "fred/demo", "--output", ""], ["files"]],
    [["pull", "--repositories-root", ""], ["directories"]],
    [["pull", "--repositories-root", "nowhere", ""], ["names"]],
    [
      ["completion", "fi"],
      ["names", "fish"],
    ],
    [
      ["help", "TUF_EXP"],
      ["names", "TUF_EXPIRED"],
    ],
    [
      ["help", "revoke-ro"],
      ["names", "revoke-role\tstage the end of the trust in a role"],
    ],
    [
      ["pull-target", "fred/demo", "--", "-o"],
      ["names", "-option"],
    ],
    [["no-such", ""], ["names"]],
    [[], ["names"]],
  ])("after %j", async (words, wanted) => {
    const found = await complete(...words);
    expect(words.length === 0 ? found.slice(0, 1) : found).toEqual(wanted);
  });

  test("options, which are no secrets and not given yet", async () => {
    const found = await complete("push-metadata", "--base", "published", "--");
    const flags = found.map((line) => line.split("\t")[0]);
    expect(flags).toEqual(expect.arrayContaining(["--host", "--record-out", "--help"]));
    expect(flags).not.toContain("--base");
    expect(flags.filter((flag) => flag?.includes("password"))).toEqual([]);
  });

  test("nothing is asked of a registry, and nothing is written or said", async () => {
    await using registry = await createHostileRegistry();
    await using other = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1", DTUF_LOG_FILE: "log" });
    const ran = await other.run(["__complete", "zsh", "pull-target", repo, ""]);
    expect(ran).toMatchObject({ status: 0, stdout: "names\n", stderr: "" });
    expect(registry.requests).toEqual([]);
    expect(await readdir(other.directory)).toEqual([]);
  });
});

const shellRun = promisify(execFile);

async function inShell(shell: string, words: readonly string[]): Promise<string> {
  const env = {
    ...machine.environment,
    PATH: `${join(machine.directory, "bin")}:${process.env["PATH"] ?? ""}`,
    HOME: machine.directory,
    LC_ALL: "C.UTF-8",
    TERM: "dumb",
  };
  const { stdout } = await shellRun(shell, words, { cwd: machine.directory, env });
  return stdout;
}

describe("bash", () => {
  /** Calls the function as bash does, then takes each answer for a word, as after the key Tab. */
  const script = (line: string, rest: string): string => `
    source <(dtuf completion bash)
    complete -p dtuf
    COMP_LINE=${line}; COMP_POINT=\${#COMP_LINE}
    _dtuf dtuf ${rest} ""
    for each in "\${COMPREPLY[@]}"; do eval "set -- $each"; printf '%s:%s\\n' "$#" "$1"; done`;

  test("takes each hostile name for one word that is the name, and evaluates none [T155]", async () => {
    const out = await inShell("bash", ["--norc", "-c", script("'dtuf pull-target fred/demo a'", "a")]);
    const names = out.split("\n").flatMap((line) => (line.startsWith("1:") ? [line.slice(2)] : []));
    expect(names.toSorted()).toEqual(hostile.toSorted());
    expect(await readdir(machine.directory)).not.toContain("pwned");
  });

  test("between quotes offers only names that need none", async () => {
    const out = await inShell("bash", ["--norc", "-c", script(`'dtuf pull-target fred/demo "'`, "''")]);
    const names = out.split("\n").flatMap((line) => (line.startsWith("1:") ? [line.slice(2)] : []));
    expect(names.toSorted()).toEqual(["café.txt", "demo.txt"]);
  });

  test("completes what stands after a : or =", async () => {
    const out = await inShell("bash", [
      "--norc",
      "-c",
      script("'dtuf create-root-key x --key-type=ml-dsa-4'", "ml-dsa-4"),
    ]);
    expect(out).toContain("1:ml-dsa-44\n");
  });
});

describe("the scripts have no fault that the shell sees", () => {
  test.skipIf(!hasProgram("zsh"))("zsh", async () => {
    const { stdout } = await machine.must(["completion", "zsh"]);
    await writeFile(join(machine.directory, "_dtuf"), stdout);
    const harness = `autoload -Uz compinit; compinit -D -u; source ./_dtuf
      compadd() { printf '%s\\n' "\${names[@]}"; }
      words=(dtuf pull-target fred/demo a); CURRENT=4; _dtuf`;
    const names = (await inShell("zsh", ["-f", "-c", harness])).split("\n").filter((name) => name !== "");
    expect(names.toSorted()).toEqual(hostile.toSorted());
    expect(await readdir(machine.directory)).not.toContain("pwned");
  });

  test.skipIf(!hasProgram("fish"))("fish", async () => {
    const harness = "dtuf completion fish | source; complete -C 'dtuf pull-target fred/demo a'";
    const names = (await inShell("fish", ["--no-config", "-c", harness])).split("\n").filter((name) => name !== "");
    expect(names.length).toBe(hostile.length);
    expect(await readdir(machine.directory)).not.toContain("pwned");
  });

  test.skipIf(!hasProgram("pwsh"))("PowerShell", async () => {
    const harness =
      "dtuf completion powershell | Out-String | Invoke-Expression; " +
      "(TabExpansion2 'dtuf pull-target fred/demo a' 28).CompletionMatches.CompletionText";
    const out = await inShell("pwsh", ["-NoProfile", "-Command", harness]);
    expect(out).toContain("'a$(touch pwned)'");
    expect(await readdir(machine.directory)).not.toContain("pwned");
  });
});
