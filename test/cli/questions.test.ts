/** What a person at a terminal is asked, and what is said where nobody can be. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { createTestIo } from "@dtuf/testing/test-io";
import { main } from "dtuf";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { createTerminals, expectEnd } from "./on-terminal.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");
let roots: { readonly pinned: Buffer; readonly other: Buffer };
const terminals = createTerminals(() => machine);

beforeAll(async () => {
  await publishDemo(machine, "fred/other", "other");
  await publishDemo(machine, repo, "demo");
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["get-root", "fred/other", "--output", "other.json"]);
  const read = (name: string): Promise<Buffer> => readFile(join(machine.directory, name));
  roots = { pinned: await read("root.json"), other: await read("other.json") };
});

afterEach(() => terminals.close());

const fingerprint = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function pinned(): Promise<string> {
  const { pin } = JSON.parse((await machine.must(["inspect", repo, "--json"])).stdout) as {
    pin: { fingerprint: string };
  };
  return pin.fingerprint;
}

describe("a pin that changes", () => {
  const commands = [
    [["pin", repo, "other.json", "--replace"], 2],
    [["pin", repo, "other.json"], 2],
    [["pull-metadata", repo, "other.json", "--replace"], 2],
    [["pull", repo, "--root", "other.json", "--output", "pulled/"], 0],
  ] as const;

  test.each(commands)(
    "%s shows both fingerprints, and anything but yes changes nothing [T170]",
    async (words, status) => {
      await machine.must(["pin", repo, "root.json", "--replace"]);
      for (const answer of ["y", "", "no"]) {
        const terminal = terminals.open(words);
        await terminal.shows(`sha256 ${fingerprint(roots.pinned)}`);
        await terminal.shows(`sha256 ${fingerprint(roots.other)}`);
        await terminal.shows("Type yes: ");
        terminal.type(`${answer}\r`);
        await expectEnd(terminal, status);
        expect(await pinned()).toBe(fingerprint(roots.pinned));
      }
    },
  );

  test("is pinned after a typed yes", async () => {
    await machine.must(["pin", repo, "root.json", "--replace"]);
    const terminal = terminals.open(["pin", repo, "other.json"]);
    await terminal.shows("Type yes: ");
    terminal.type("yes\r");
    await expectEnd(terminal, 0);
    expect(await pinned()).toBe(fingerprint(roots.other));
  });

  test("to the root that is pinned already is not asked about", async () => {
    await machine.must(["pin", repo, "root.json", "--replace"]);
    const terminal = terminals.open(["pin", repo, "root.json", "--replace"]);
    await expectEnd(terminal, 0);
    expect(terminal.screen()).not.toContain("Type yes");
  });

  test("needs --replace where nobody can be asked, and pull --root never changes it there", async () => {
    await machine.must(["pin", repo, "root.json", "--replace"]);
    const refused = await machine.run(["pin", repo, "other.json"]);
    expect([refused.status, refused.stderr]).toEqual([6, expect.stringContaining("COPY_PIN_OTHER_CHAIN")]);
    await machine.run(["pull", repo, "--root", "other.json", "--output", "pulled/"]);
    expect(await pinned()).toBe(fingerprint(roots.pinned));
    await machine.must(["pin", repo, "other.json", "--replace"]);
    expect(await pinned()).toBe(fingerprint(roots.other));
  });

  test("with --replace where nobody is asked, says both fingerprints, and so does its JSON", async () => {
    await machine.must(["pin", repo, "root.json", "--replace"]);
    const { stderr, stdout } = await machine.must(["pin", repo, "other.json", "--replace", "--json"]);
    const [before, after] = [fingerprint(roots.pinned), fingerprint(roots.other)];
    expect(stderr).toContain(`the pin was root version 1, sha256 ${before} and is now version 1, sha256 ${after}`);
    expect(JSON.parse(stdout)).toMatchObject({ pin: { fingerprint: after }, previousPin: { fingerprint: before } });
  });
});

describe("nobody is asked", () => {
  async function run(words: readonly string[], env: Readonly<Record<string, string>>) {
    const environment: Record<string, string | undefined> = { ...machine.environment, ...env };
    delete environment["DTUF_ROOT_KEY_PASSWORD"];
    const asked: string[] = [];
    const ask = (prompt: string): Promise<string> => {
      asked.push(prompt);
      return Promise.resolve("yes");
    };
    const world = createTestIo({ argv: words, cwd: machine.directory, env: environment as Record<string, string> });
    const status = await main("dtuf", { ...world.io, ask, askSecret: ask });
    return { status, stderr: world.stderr(), asked };
  }

  const silences = [
    [["--no-input"], {}, "--no-input lets nobody be asked"],
    [[], { DTUF_NO_INPUT: "1" }, "DTUF_NO_INPUT lets nobody be asked"],
    [[], { CI: "true" }, "CI is set, so nobody is asked"],
  ] as const;

  test.each(silences)("with %s %s: the error names what gives the value", async (flags, env, why) => {
    const created = await run(["create-root-key", "fred/silent", ...flags], env);
    expect(created).toMatchObject({ status: 2, asked: [] });
    expect(created.stderr).toContain(`the root key needs a passphrase and ${why} (USAGE)`);
    expect(created.stderr).toContain("set DTUF_ROOT_KEY_PASSWORD");
    const login = await run(["login", "127.0.0.1:9", "--plain-text", ...flags], env);
    expect(login).toMatchObject({ status: 2, asked: [] });
    expect(login.stderr).toMatch(new RegExp(`no user name, and ${why} .*\\n.*--username NAME, or DTUF_USERNAME`));
  });

  test("where that is not set, the same commands ask", async () => {
    const created = await run(["create-root-key", "fred/asked"], { DTUF_NO_INPUT: "0" });
    expect(created.status).toBe(0);
    expect(created.asked).toEqual([
      "New passphrase for the root key (it signs whom clients trust; empty: no encryption): ",
      "The same again: ",
    ]);
  });

  test("if stdin is closed, in spite of a terminal", async () => {
    const env = { DTUF_ROOT_KEY_PASSWORD: undefined };
    const terminal = terminals.open(["create-root-key", "fred/closed"], { env, redirections: "<&-" });
    await terminal.shows("there is no terminal to ask on");
    await expectEnd(terminal, 2);
  });
});

test("login without arguments asks for registry, user name, password, and whether it may be stored readable", async () => {
  await writeFile(join(machine.directory, "empty.json"), "{}");
  const env = { DTUF_HOST: undefined, DTUF_REGISTRY_CONFIG: "empty.json" };
  const terminal = terminals.open(["login"], { env });
  await terminal.shows("Registry (host[:port]): ");
  terminal.type("127.0.0.1:9\r");
  await terminal.shows("Type yes: ");
  terminal.type("yes\r");
  await terminal.shows("User name: ");
  terminal.type("fred\r");
  await terminal.shows("Password of fred: ");
  terminal.type("correct-horse\r");
  await expectEnd(terminal, 5);
  expect(terminal.screen()).not.toContain("correct-horse");
});

test("what was typed before a prompt is no answer to it [T170]", async () => {
  const env = { DTUF_ROOT_KEY_PASSWORD: undefined };
  const terminal = terminals.open(["create-root-key", "fred/ahead"], { env });
  terminal.type("typed-ahead\r\rtyped-");
  await terminal.shows("New passphrase");
  terminal.type("right\r");
  await terminal.shows("The same again:");
  terminal.type("right\r");
  await expectEnd(terminal, 0);
  const { environment } = machine;
  machine.environment = { ...environment, DTUF_ROOT_KEY_PASSWORD: "right" };
  await machine.must(["create-metadata-keys", "fred/ahead"]);
  await machine.must(["create-metadata", "fred/ahead"]);
  machine.environment = environment;
});

describe("a reader that goes away", () => {
  const file = ["pull-target", repo, "demo.txt", "--output", "x"] as const;
  test.each([
    ["stdout", ["pull-target", repo, "demo.txt"], ""],
    ["stdout, with JSON", ["inspect", repo, "--json"], ""],
    ["stderr", [...file, "--progress", "1"], "2>&1 >/dev/null"],
    ["stderr, with JSON lines", [...file, "--progress", "json"], "2>&1"],
  ])("of %s is no error and leaves no stack", async (_name, words, unread) => {
    await machine.must(["pin", repo, "root.json", "--replace"]);
    const terminal = terminals.open(words, { unread });
    await terminal.shows("status 0.");
    await expectEnd(terminal, 0);
    expect(terminal.screen()).not.toMatch(/EPIPE|Error/);
  });

  test("of the message of an error changes no status", async () => {
    await machine.must(["pin", repo, "root.json", "--replace"]);
    const terminal = terminals.open(["pull-target", repo, "no-such"], { unread: "2>&1" });
    await terminal.shows("status 3.");
    await expectEnd(terminal, 0);
  });
});
