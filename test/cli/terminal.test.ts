/** The prompts, under a pseudo-terminal. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPseudoTerminal, type PseudoTerminal } from "@dtuf/testing/terminal/pseudo-terminal";
import { afterEach, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const bin = fileURLToPath(new URL("../../packages/cli/src/bin/dtuf.ts", import.meta.url));
const repo = "fred/demo";
const typed = "correct-horse";
const machine = useMachine({ DTUF_HOST: "oci:registry" });
let opened: PseudoTerminal[] = [];

afterEach(() => {
  for (const terminal of opened) terminal[Symbol.dispose]();
  opened = [];
});

function open(words: readonly string[]): PseudoTerminal {
  const terminal = openPseudoTerminal({
    command: [process.execPath, "--conditions=@dtuf/source", bin, ...words],
    cwd: machine.directory,
    env: { ...machine.environment, HOME: machine.directory },
  });
  opened.push(terminal);
  return terminal;
}

async function answer(terminal: PseudoTerminal, prompts: readonly string[]): Promise<void> {
  for (const prompt of prompts) {
    await terminal.shows(prompt);
    terminal.type(`${typed}\r`);
  }
}

function withoutPasswordOf(role: string): void {
  delete machine.environment[`DTUF_${role}_KEY_PASSWORD`];
}

/** As a shell leaves it: keys are echoed, lines can be edited, Ctrl-C is a signal. */
async function expectRestored(terminal: PseudoTerminal, status: number): Promise<void> {
  const ended = await terminal.ended;
  expect(terminal.screen()).not.toContain(typed);
  for (const mode of ["isig", "icanon", "echo"]) expect(ended.modes.split(/\s/)).toContain(mode);
  expect({ status: ended.status, screen: terminal.screen() }).toMatchObject({ status });
}

const newKey = (role: string) => [`New passphrase for the ${role} key`, "The same again:"];

describe("what is typed is not on the screen", () => {
  test("for a new root key, nor when it is unlocked, nor when it is the old one", async () => {
    expect.hasAssertions();
    withoutPasswordOf("ROOT");
    const created = open(["create-root-key", repo]);
    await answer(created, newKey("root"));
    await expectRestored(created, 0);
    await machine.must(["create-metadata-keys", repo]);
    const unlocked = open(["create-metadata", repo]);
    await answer(unlocked, ["Passphrase of the root key:"]);
    await expectRestored(unlocked, 0);
    const renewed = open(["create-root-key", repo]);
    await answer(renewed, newKey("root"));
    await expectRestored(renewed, 0);
    const reset = open(["reset-keys", repo]);
    await answer(reset, ["Passphrase of the ", "Passphrase of the "]);
    await expectRestored(reset, 0);
  });

  test("for new targets, snapshot and timestamp keys, nor when they are unlocked", async () => {
    expect.hasAssertions();
    const roles = ["targets", "snapshot", "timestamp"];
    for (const role of roles) withoutPasswordOf(role.toUpperCase());
    await machine.must(["create-root-key", repo]);
    const created = open(["create-metadata-keys", repo]);
    await answer(created, roles.flatMap(newKey));
    await expectRestored(created, 0);
    const unlocked = open(["create-metadata", repo]);
    await answer(
      unlocked,
      roles.map((role) => `Passphrase of the ${role} key:`),
    );
    await expectRestored(unlocked, 0);
  });

  test("for a key that is made anywhere, and encrypted with it", async () => {
    machine.environment["DTUF_SIGNERS_FILE"] = "signers.json";
    const created = open(["create-key", "alice"]);
    await answer(created, ["New passphrase for the key", "The same again:"]);
    await expectRestored(created, 0);
    expect(await readFile(join(machine.directory, "alice"), "utf8")).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/);
  });

  test("for the password of a login", async () => {
    expect.hasAssertions();
    const terminal = open(["login", "127.0.0.1:9", "--username", "fred", "--plain-text"]);
    await answer(terminal, ["Password of fred:"]);
    await expectRestored(terminal, 5);
  });
});

test("a login asks for the user name, which is shown, and then for the password, which is not", async () => {
  const terminal = open(["login", "127.0.0.1:9", "--plain-text"]);
  await terminal.shows("User name:");
  terminal.type("fred\r");
  await answer(terminal, ["Password of fred:"]);
  await expectRestored(terminal, 5);
  expect(terminal.screen()).toMatch(/User name: .*fred/);
});

describe("at a prompt", () => {
  test("Ctrl-C ends the program with 130 and restores the terminal", async () => {
    expect.hasAssertions();
    withoutPasswordOf("ROOT");
    const terminal = open(["create-root-key", repo]);
    await terminal.shows("New passphrase");
    terminal.type(`${typed}\x03`);
    await terminal.shows("dtuf: interrupted");
    await expectRestored(terminal, 130);
  });

  test("Ctrl-D is a usage error, and no empty passphrase", async () => {
    withoutPasswordOf("ROOT");
    const terminal = open(["create-root-key", repo]);
    await terminal.shows("New passphrase");
    terminal.type("\x04");
    await expectRestored(terminal, 2);
    expect((await machine.run(["create-metadata", repo])).stderr).toContain("MASTER_KEYS_MISSING");
  });

  test("a backspace takes back, and two that differ are refused", async () => {
    withoutPasswordOf("ROOT");
    const terminal = open(["create-root-key", repo]);
    await answer(terminal, ["New passphrase"]);
    await terminal.shows("The same again:");
    terminal.type(`${typed}x\x7f\x7f\r`);
    await terminal.shows("the two passphrases differ");
    await expectRestored(terminal, 2);
    const other = open(["create-root-key", repo]);
    await answer(other, ["New passphrase"]);
    await other.shows("The same again:");
    other.type(`${typed}x\x7f\r`);
    await expectRestored(other, 0);
  });

  test("a passphrase typed wrong, and so again, unlocks nothing", async () => {
    machine.environment["DTUF_TARGETS_KEY_PASSWORD"] = "another";
    await publishDemo(machine, repo, "x");
    withoutPasswordOf("TARGETS");
    const terminal = open(["push-metadata", repo]);
    const prompt = "Passphrase of the targets key:";
    await answer(terminal, [prompt, prompt]);
    await expectRestored(terminal, 1);
    expect(terminal.screen()).toContain("MASTER_PASSPHRASE_WRONG");
  });
});
