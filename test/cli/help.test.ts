/** What the program says of itself: help, errors, what is near a mistyped word. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findErrorEntry, listErrorCodes } from "../../packages/cli/src/help/errors/index-page.ts";
import { commands } from "../../packages/cli/src/table.ts";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["pull-metadata", repo, "-"], (await machine.must(["get-root", repo])).bytes);
});

describe("an error", () => {
  test("names its page and the command that prints it, which it does", async () => {
    const ran = await machine.run(["pull-target", repo, "absent.txt"]);
    expect(ran.status).toBe(3);
    expect(ran.stderr.split("\n")[0]).toBe('dtuf: no target "absent.txt" (COPY_TARGET_UNKNOWN)');
    expect(ran.stderr).toContain("dtuf: more: dtuf help COPY_TARGET_UNKNOWN\n");
    const { stdout } = await machine.must(["help", "copy_target_unknown"]);
    expect(stdout).toMatch(
      /^COPY_TARGET_UNKNOWN\n {2}cause: No role [^]*\n {2}risk: [^]*\n {2}mend: [^]*status: 3\n {2}page: docs\/errors\.md#copy_target_unknown,[^]*\n$/,
    );
    const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
    expect(page).toContain("\n### COPY_TARGET_UNKNOWN\n");
  });

  test("has the same facts in JSON", async () => {
    const { stderr } = await machine.run(["pull-target", repo, "absent.txt", "--output", ".", "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { help: "dtuf help COPY_TARGET_UNKNOWN", page: "docs/errors.md#copy_target_unknown" },
    });
    const entry = JSON.parse((await machine.must(["help", "TUF_EXPIRED", "--json"])).stdout) as unknown;
    expect(entry).toMatchObject({ code: "TUF_EXPIRED", exitStatus: 7, ...findErrorEntry("TUF_EXPIRED") });
  });

  test.each(listErrorCodes())("%s is explained within 80 columns", async (code) => {
    const { stdout } = await machine.must(["help", code]);
    expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});

describe("a mistyped word is answered with what is near:", () => {
  test.each([
    [
      "a command",
      ["push-targt", repo],
      "unknown command 'push-targt' (USAGE)\ndtuf: hint: did you mean \"push-target\"?",
    ],
    ["a flag", ["push-target", repo, "--custm", "x"], 'did you mean "--custom"?'],
    ["a flag that the short help leaves out", ["push-target", repo, "--hots", "x"], 'did you mean "--host"?'],
    ["a switch of the output", ["push-target", repo, "--jsom"], 'did you mean "--json"?'],
    ["a flag before the command", ["--quiet", "publish", repo], "options follow the command: dtuf COMMAND --quiet"],
    ["a shell", ["completion", "powershel"], 'did you mean "powershell"?'],
    ["a topic", ["help", "TUF_EXPIRD"], 'did you mean "TUF_EXPIRED"?'],
  ])("%s", async (_what, words, wanted) => {
    const ran = await machine.run(words);
    expect(ran.stderr).toContain(wanted);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
  });

  test("as JSON if that is asked for", async () => {
    const { stderr } = await machine.run(["push-target", repo, "--custm", "x", "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "USAGE", hint: 'did you mean "--custom"?' } });
  });

  test.each([["pull-target"], ["blob-sizes"], ["check-target"], ["pull"]])("a target of %s", async (command) => {
    const ran = await machine.run([command, repo, "demo.tx", ...(command === "check-target" ? ["demo.txt"] : [])]);
    expect(ran.stderr).toContain('hint: did you mean "demo.txt"? dtuf list-copy-targets');
    expect(ran.status).toBe(3);
  });

  test("a target of del-target", async () => {
    const ran = await machine.run(["del-target", repo, "dmeo.txt"]);
    expect(ran.stderr).toContain('hint: did you mean "demo.txt"? dtuf list-master-targets');
    expect(ran.status).toBe(3);
  });

  test("what is near nothing is answered with no guess, and what is typed is escaped", async () => {
    const ran = await machine.run(["\x1b[2Jxyzzy"]);
    expect(ran.stderr).toContain("unknown command '\\u{1b}[2Jxyzzy'");
    expect(ran.stderr).not.toContain("did you mean");
  });
});

describe("help", () => {
  const ofCommands = commands.map(({ name, programs }) => [
    ...(programs.includes("dtuf") ? [] : ["dxf"]),
    ...[name, "--help", "--all"],
  ]);
  test.each([["help"], ["dxf", "help"], ...ofCommands].map((words) => ({ words, line: words.join(" ") })))(
    "of $line is laid out within 80 columns, but for its usage and its examples",
    async ({ words }) => {
      const { stdout } = await machine.must(words);
      const [laidOut = ""] = stdout.replace(/^Usage: .*/, "").split(/^examples?:/m);
      expect(laidOut.split("\n").filter(({ length }) => length > 80)).toEqual([]);
    },
  );

  test("of every command has an example of the command", async () => {
    for (const { name, programs } of commands) {
      const { stdout } = await machine.must([...(programs.includes("dtuf") ? [] : ["dxf"]), "help", name]);
      expect(stdout).toMatch(new RegExp(`^(?:example:|examples:\\n) +dtuf ${name}\\b`, "m"));
    }
  });

  test("writes the manual's pages into a directory, or one to stdout", async () => {
    await machine.must(["help", "--man", "--output", "manual"]);
    const pages = await readdir(join(machine.directory, "manual"));
    expect(pages).toEqual(expect.arrayContaining(["dtuf.1", "dtuf-push-target.1"]));
    const { stdout } = await machine.must(["help", "push-target", "--man"]);
    expect(stdout).toBe(await readFile(join(machine.directory, "manual/dtuf-push-target.1"), "utf8"));
  });

  test("of reset-keys says what --replace means to the publisher, and that of pin what it means to a client", async () => {
    expect((await machine.must(["help", "reset-keys"])).stdout.replaceAll(/\s+/g, " ")).toContain(
      "sign although the keys that the last root names are missing",
    );
    expect((await machine.must(["help", "pin"])).stdout).toContain("trust a new chain of roots");
  });

  test("of what is neither a command nor a code is a usage error", async () => {
    expect(await machine.run(["help", "xyzzy"])).toMatchObject({ status: 2, stdout: "" });
  });
});
