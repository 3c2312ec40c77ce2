/** What signals, and the end of the input, do to the program and to the terminal. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHostileRegistry, type HostileRegistry } from "@dtuf/testing/hostile-registry/hostile-registry";
import { openPseudoTerminal, type PseudoTerminal } from "@dtuf/testing/terminal/pseudo-terminal";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const bin = fileURLToPath(new URL("../../packages/cli/src/bin/dtuf.ts", import.meta.url));
const repo = "fred/demo";
const size = 3_000_000;
let registry: HostileRegistry;
let machine: Machine;
let opened: PseudoTerminal[] = [];

beforeAll(async () => {
  registry = await createHostileRegistry();
  machine = await createMachine({ DTUF_HOST: registry.host, DTUF_INSECURE: "1" });
  await publishDemo(machine, repo, "x".repeat(size));
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["pin", repo, "root.json"]);
  await writeFile(join(machine.directory, "large"), "y".repeat(size));
});

afterEach(() => {
  registry.clearScript();
  for (const terminal of opened) terminal[Symbol.dispose]();
  opened = [];
});

afterAll(async () => {
  await registry.close();
  await machine[Symbol.asyncDispose]();
});

interface Opening {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
}

function open(words: readonly string[], { env, columns }: Opening = {}): PseudoTerminal {
  const terminal = openPseudoTerminal({
    command: [process.execPath, "--conditions=@dtuf/source", bin, ...words],
    cwd: machine.directory,
    env: { TERM: "xterm", LC_ALL: "C", ...machine.environment, HOME: machine.directory, ...env },
    ...(columns === undefined ? {} : { columns }),
  });
  opened.push(terminal);
  return terminal;
}

function drip(): void {
  const fault = { kind: "drip", chunkBytes: 65_536, everyMs: 150 } as const;
  registry.script({ match: { method: "GET", path: /blobs/ }, fault });
}

const sane = ["isig", "icanon", "echo", "icrnl", "opost"];

async function expectEnd(terminal: PseudoTerminal, status: number): Promise<void> {
  const ended = await terminal.ended;
  expect({ status: ended.status, screen: terminal.screen() }).toMatchObject({ status });
  for (const mode of sane) expect(ended.modes.split(/\s/)).toContain(mode);
  expect(terminal.screen()).not.toMatch(/^\s+at /m);
}

test("Ctrl-C in a transfer leaves one line, which says what is kept; the same command goes on there", async () => {
  drip();
  const terminal = open(["pull", repo, "demo.txt", "--output", "cut.txt"]);
  await terminal.shows("% ");
  terminal.type("\x03");
  await terminal.shows("dtuf: interrupted; run the same command again: ");
  await expectEnd(terminal, 130);
  const left = terminal.screen().split("\x1b[J").at(-1) ?? "";
  const [, kept] =
    /^(?:\^C)?dtuf: interrupted; run the same command again: (\d+) of 3000000 bytes are kept\r\n$/.exec(left) ?? [];
  expect(Number(kept)).toBeGreaterThan(0);
  registry.clearScript();
  registry.clearLog();
  await machine.must(["pull", repo, "demo.txt", "--output", "cut.txt"]);
  const ranges = registry.requests.flatMap(({ headers }) => headers["range"] ?? []);
  expect(ranges).toEqual([`bytes=${kept}-`]);
});
