/** What signals, and the end of the input, do to the program and to the terminal. */
import { access, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { createTerminals, expectEnd, processOf, visibleLines } from "./on-terminal.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const size = 3_000_000;
const { machine, registry } = useMachineAndRegistry("all tests");
const terminals = createTerminals(() => machine);

beforeAll(async () => {
  await publishDemo(machine, repo, "x".repeat(size));
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["pin", repo, "root.json"]);
  await writeFile(join(machine.directory, "large"), "y".repeat(size));
});

afterEach(async () => {
  registry.clearScript();
  terminals.close();
  // The next pull would take the bytes from the file of the last one.
  await rm(join(machine.directory, "dtuf_repos", repo, "copy/seeds"), { recursive: true, force: true });
});

/** For a transfer that must not end before it is interrupted. */
function stall(): void {
  registry.script({ match: { method: "GET", path: /blobs/ }, fault: { kind: "stall", after: 1_000_000 } });
}

function drip(): void {
  const fault = { kind: "drip", chunkBytes: 65_536, everyMs: 150 } as const;
  registry.script({ match: { method: "GET", path: /blobs/ }, fault });
}

const asked = { DTUF_ROOT_KEY_PASSWORD: undefined };

describe("Ctrl-C", () => {
  test("in the push of one file says what was sent of it beside the nothing that is kept", async () => {
    await writeFile(join(machine.directory, "larger"), "z".repeat(2 * size));
    registry.script({ match: { method: "PATCH", path: /uploads/ }, fault: { kind: "stall", after: "headers" } });
    const terminal = terminals.open(["publish", repo, "larger", "--progress", "json"]);
    await terminal.shows('"bytes":6000000,');
    terminal.type("\x03");
    await terminal.shows("does not keep");
    await expectEnd(terminal, 130);
    expect(terminal.screen().replaceAll("\r\n", "")).toMatch(
      /interrupted; run the same command again: 0 of 6000000 bytes are kept; 6000000 more were sent, of files that the registry does not have whole and does not keep/,
    );
  });

  test("in a transfer leaves one line, which says what is kept; the same command goes on there", async () => {
    stall();
    const terminal = terminals.open(["pull", repo, "demo.txt", "--output", "cut.txt"]);
    await terminal.shows("% ");
    terminal.type("\x03");
    await terminal.shows("dtuf: interrupted; run the same command again: ");
    await expectEnd(terminal, 130);
    const left = visibleLines(terminal.screen().replace("^C", ""));
    const line = /^dtuf: interrupted; run the same command again: (\d+) of 3000000 bytes are kept$/;
    expect(left).toEqual([expect.stringMatching(line)]);
    const kept = Number(line.exec(left[0] ?? "")?.[1]);
    expect(kept).toBeGreaterThan(0);
    registry.clearScript();
    registry.clearLog();
    await machine.must(["pull", repo, "demo.txt", "--output", "cut.txt"]);
    expect(registry.requests.flatMap(({ headers }) => headers["range"] ?? [])).toEqual([`bytes=${kept}-`]);
  });

  test.each([
    ["connects", ["pull-metadata", repo], /\/v2\//],
    ["refreshes", ["pull-metadata", repo], /manifests/],
    ["waits for a blob", ["pull-target", repo, "demo.txt", "--output", "waits.txt"], /blobs/],
    ["uploads", ["publish", repo, "large"], /uploads/],
    ["publishes", ["push-metadata", repo], /manifests\/release/],
    ["copies an image", ["sync", `docker://HOST/${repo}`, "dir:synced"], /manifests/],
  ])("while it %s", async (_when, words, path) => {
    registry.clearLog();
    registry.script({ match: { path }, fault: { kind: "stall", after: "headers" } });
    const terminal = terminals.open(words.map((word) => word.replace("HOST", registry.host)));
    while (!registry.requests.some((request) => path.test(request.path))) await new Promise((go) => setTimeout(go, 20));
    terminal.type("\x03");
    await terminal.shows("dtuf: interrupted");
    await expectEnd(terminal, 130);
    registry.clearScript();
    await machine.must(["push-metadata", repo]);
    await machine.must(["pull", repo, "demo.txt", "--output", "again.txt"]);
  });

  test("while a file gets its name leaves the whole file or none", async () => {
    const slow = join(machine.directory, "slow.mjs");
    await writeFile(
      slow,
      `import fs from "node:fs/promises";
       import { syncBuiltinESMExports } from "node:module";
       import { writeSync } from "node:fs";
       const rename = fs.rename;
       fs.rename = async (from, to) => {
         if (String(to).endsWith("named.txt")) {
           writeSync(2, "[rename]");
           await new Promise((resolve) => setTimeout(resolve, 1000));
         }
         return rename(from, to);
       };
       syncBuiltinESMExports();`,
    );
    const env = { NODE_OPTIONS: `--import=${slow}` };
    const terminal = terminals.open(["pull", repo, "demo.txt", "--output", "named.txt"], { env });
    await terminal.shows("[rename]");
    terminal.type("\x03");
    const { status } = await terminal.ended;
    expect([0, 130]).toContain(status);
    const bytes = await readFile(join(machine.directory, "named.txt")).catch(() => undefined);
    expect(bytes?.length ?? size).toBe(size);
    expect(terminal.screen()).not.toMatch(/^\s+at /m);
  });
});

describe("Ctrl-Z and fg", () => {
  test("at a prompt: the shell gets its echo back, and what was typed stays", async () => {
    const terminal = terminals.open(["create-root-key", "fred/stopped"], { env: asked });
    for (const prompt of ["New passphrase", "The same again:"]) {
      await terminal.shows(prompt);
      terminal.type("correct-\x1a");
      await terminal.shows(" echo ");
      await terminal.shows("[stopped]");
      terminal.type("\r");
      await terminal.shows(prompt);
      terminal.type("horse\r");
    }
    await expectEnd(terminal, 0);
    expect(terminal.screen()).not.toMatch(/correct|horse/);
    const env = { ...machine.environment };
    machine.environment["DTUF_ROOT_KEY_PASSWORD"] = "correct-horse";
    await machine.must(["create-metadata-keys", "fred/stopped"]);
    await machine.must(["create-metadata", "fred/stopped"]);
    machine.environment = env;
  });

  test("in a transfer: no bar is left for the shell, and the transfer goes on", async () => {
    drip();
    const terminal = terminals.open(["pull", repo, "demo.txt", "--output", "stopped.txt"]);
    await terminal.shows("% ");
    terminal.type("\x1a");
    await terminal.shows("[stopped]");
    expect(visibleLines(terminal.screen()).join("\n")).not.toContain("%");
    registry.clearScript();
    terminal.type("\r");
    await terminal.shows("wrote ");
    await expectEnd(terminal, 0);
    expect((await readFile(join(machine.directory, "stopped.txt"))).length).toBe(size);
  });
});

describe("signals from elsewhere", () => {
  test.each([
    ["SIGHUP", 129],
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s at a prompt ends with %i, and the terminal has its echo", async (signal, status) => {
    const terminal = terminals.open(["create-root-key", "fred/ended"], { env: asked, redirections: "" });
    const id = await processOf(terminal);
    await terminal.shows("New passphrase");
    process.kill(id, signal);
    await terminal.shows("dtuf: interrupted");
    await expectEnd(terminal, status);
    await expect(access(join(machine.directory, "dtuf_repos/fred/ended/master/keys/root_key"))).rejects.toThrow(
      "ENOENT",
    );
  });

  test("SIGTSTP at a prompt stops it with the terminal's echo on; continued, it asks again", async () => {
    const terminal = terminals.open(["create-root-key", "fred/stopped"], { env: asked, redirections: "" });
    const id = await processOf(terminal);
    await terminal.shows("New passphrase");
    process.kill(id, "SIGTSTP");
    await terminal.shows(" echo ");
    await terminal.shows("[stopped]");
    terminal.type("\r");
    await terminal.shows("New passphrase");
    terminal.type("\x03");
    await expectEnd(terminal, 130);
  });

  test("SIGTERM in a transfer ends with 143 and says what is kept", async () => {
    stall();
    const words = ["pull", repo, "demo.txt", "--output", "ended.txt"];
    const terminal = terminals.open(words, { redirections: "" });
    const id = await processOf(terminal);
    await terminal.shows("% ");
    process.kill(id, "SIGTERM");
    await terminal.shows("of 3000000 bytes are kept");
    await expectEnd(terminal, 143);
  });
});
