/** `dtuf agent`: a program kept up to date by a timer, by a service, and by a program that drives it with lines of JSON. */
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openForms } from "../docs/documents.ts";
import { publishDemo, type Ran } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const forms = openForms("known");
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");
let home: string;
let homes = 0;
let newest = 0;

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
});

/** A machine that has nothing yet, and a release of its own that is the newest. */
beforeEach(async () => {
  home = `home-${++homes}`;
  await mkdir(join(machine.directory, home, "bin"), { recursive: true });
  await release();
});

/** A version that says which it is, and is well unless a file `sick` lies beside it. */
const program = (version: string): string =>
  `#!/bin/sh\necho ${version} $DTUF_AGENT_VERSION >> calls\ntest ! -e sick-${version}\n`;

async function release(...more: readonly string[]): Promise<string> {
  const version = `1.${++newest}.0`;
  await machine.must(["release", repo, "app", version, "-", ...more], program(version));
  await machine.must(["push-metadata", repo]);
  return version;
}

async function writeSettings(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const file = join(home, "agent.json");
  const install = { kind: "executable", path: "bin/app" };
  const settings = { repository: repo, root: "../root.json", name: "app", directory: "state", install, ...more };
  await writeFile(join(machine.directory, file), JSON.stringify(settings));
  return file;
}

const here = (name: string): string => join(machine.directory, home, name);
const current = (): string => `1.${newest}.0`;
const installed = (): Promise<string> => readFile(here("bin/app"), "utf8");
const status = async (file: string): Promise<unknown> =>
  JSON.parse((await machine.must(["agent", "status", file, "--json"])).stdout);

describe("dtuf agent run --once", () => {
  test("installs what is published, confirms it, and then has nothing to do", async () => {
    const file = await writeSettings();
    expect((await machine.must(["agent", "run", file, "--once"])).stderr).toContain(`version ${current()} works`);
    expect(await installed()).toBe(program(current()));
    expect(await status(file)).toMatchObject({ installed: { version: current() }, pending: null });
    expect((await machine.must(["agent", "run", file, "--once"])).stderr).toContain("no newer version is available");
  });

  test("runs the health check and restarts, and goes back when the new version is sick: status 1", async () => {
    const file = await writeSettings({ health: ["bin/app"], restart: ["sh", "-c", "echo restart >> calls"] });
    await machine.must(["agent", "run", file, "--once"]);
    const before = current();
    const sick = await release();
    await writeFile(here(`sick-${sick}`), "");
    const ran = await machine.run(["agent", "run", file, "--once"]);
    expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining("AGENT_UNHEALTHY") as unknown });
    expect(await installed()).toBe(program(before));
    const restarted = `restart\n${before} ${before}\nrestart\n${sick} ${sick}\nrestart\n`;
    expect(await readFile(here("calls"), "utf8")).toBe(restarted);
    expect((await machine.must(["agent", "run", file, "--once"])).stderr).not.toContain("is installed");
  });

  test("a health check that hangs is ended at its deadline, and the version before is installed again", async () => {
    const file = await writeSettings();
    await machine.must(["agent", "run", file, "--once"]);
    const before = current();
    await release();
    await writeSettings({ health: ["sleep", "600"], programTimeout: "100ms" });
    const ran = await machine.run(["agent", "run", file, "--once"]);
    expect(ran).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("gave no answer within 100 ms") as unknown,
    });
    expect(await installed()).toBe(program(before));
  });

  test("waits for a metered network, a battery and a window, and that is no failure", async () => {
    const waits = async (more: Readonly<Record<string, unknown>>, words: string): Promise<void> => {
      const { stderr } = await machine.must(["agent", "run", await writeSettings(more), "--once"]);
      expect(stderr).toContain(words);
      await expect(installed()).rejects.toThrow("ENOENT");
    };
    await waits({ metered: ["true"] }, "the download waits");
    await waits({ metered: ["false"], battery: ["true"] }, "has power");
    const hour = new Date(machine.now().getTime() + 2 * 3_600_000).toISOString().slice(11, 13);
    const window = `${hour}:00-${hour}:30 UTC`;
    await waits({ window }, `is installed at ${machine.now().toISOString().slice(0, 8)}`);
    await machine.must(["agent", "run", await writeSettings({ metered: ["false"] }), "--once"]);
    expect(await installed()).toBe(program(current()));
  });

  test("goes as far as `automatic` says", async () => {
    await machine.must(["agent", "run", await writeSettings({ automatic: "check" }), "--once"]);
    expect(await status(join(home, "agent.json"))).toMatchObject({ installed: null, pending: null });
    await machine.must(["agent", "run", await writeSettings({ automatic: "stage" }), "--once"]);
    expect(await status(join(home, "agent.json"))).toMatchObject({ installed: null, pending: { phase: "staged" } });
    await machine.must(["agent", "run", await writeSettings({ automatic: "apply" }), "--once"]);
    expect(await status(join(home, "agent.json"))).toMatchObject({ installed: { version: current() }, pending: null });
  });

  test("a program that cannot be started is named, and nothing is downloaded", async () => {
    const file = await writeSettings({ metered: ["./no-such-program"] });
    const ran = await machine.run(["agent", "run", file, "--once"]);
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining("metered: cannot start") as unknown });
  });

  test("programs get no variable of dtuf's own but those about the version", async () => {
    const file = await writeSettings({ health: ["sh", "-c", "env > environment"] });
    machine.environment["DTUF_PASSWORD"] = "secret-4711";
    try {
      await machine.must(["agent", "run", file, "--once"]);
    } finally {
      delete machine.environment["DTUF_PASSWORD"];
    }
    const environment = await readFile(here("environment"), "utf8");
    expect(environment).not.toMatch(/secret-4711|DTUF_HOST/);
    const own = environment.split("\n").filter((line) => line.startsWith("DTUF_"));
    expect(own.toSorted()).toEqual([
      "DTUF_AGENT_NAME=app",
      `DTUF_AGENT_PATH=${here("bin/app")}`,
      `DTUF_AGENT_VERSION=${current()}`,
    ]);
  });

  test("a file of settings that is not there is a usage error, which no service tries again", async () => {
    const ran = await machine.run(["agent", "run", "none.json"]);
    expect(ran).toMatchObject({ status: 2, stdout: "" });
    expect(ran.stderr).toContain("there is no file none.json (USAGE)");
  });

  test("a file of settings that other users may change or exchange, or that has a mistake, is refused before anything is done", async () => {
    const file = await writeSettings({ chanels: ["beta"] });
    const ran = await machine.run(["agent", "run", file, "--once"]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(`${file}:1: chanels: unknown key (AGENT_CONFIG_INVALID)`);
    expect(ran.stderr).toContain('hint: did you mean "channels"?');
    const path = join(machine.directory, await writeSettings());
    for (const changeable of [path, dirname(path)]) {
      const { mode } = await stat(changeable);
      await chmod(changeable, 0o777);
      expect(await machine.run(["agent", "run", file, "--once"])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`chmod go-w ${changeable}`) as unknown,
      });
      await chmod(changeable, mode);
    }
    await expect(installed()).rejects.toThrow("ENOENT");
  });
});

test.each([
  ["that is not there", "no-such-file.yaml", "there is no file"],
  ["that is a directory", "bin", "bin"],
  ["that is a link to itself", "loop", "loop"],
  ["that is too large", "large", "large"],
  ["that is not YAML", "broken", "broken:1"],
])("a file of settings %s is a usage error, so that a service is not started again", async (_what, name, words) => {
  await symlink("loop", here("loop"));
  await writeFile(here("large"), Buffer.alloc(300_000, "#"));
  await writeFile(here("broken"), "name: [");
  for (const more of [[], ["--once"], ["--jsonl"]]) {
    const ran = await machine.run(["agent", "run", join(home, name), ...more]);
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining(words) as unknown });
  }
});

test("a program that an installer put there, of no known version, is installed and restarted again when the first update is sick", async () => {
  await writeFile(here("bin/app"), program("by-hand"), { mode: 0o755 });
  const file = await writeSettings({ health: ["bin/app"], restart: ["sh", "-c", "echo restart >> calls"] });
  await writeFile(here(`sick-${current()}`), "");
  const ran = await machine.run(["agent", "run", file, "--once"]);
  expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining("was there before is installed") as unknown });
  expect(await installed()).toBe(program("by-hand"));
  expect((await stat(here("bin/app"))).mode & 0o111).toBe(0o111);
  expect(await readFile(here("calls"), "utf8")).toBe(`restart\n${current()} ${current()}\nrestart\n`);
  await machine.must(["agent", "run", file, "--once"]);
  expect(await installed()).toBe(program("by-hand"));
});

test("a program that was changed or deleted is said to be so by a round and by status, and a deleted one is installed again", async () => {
  const file = await writeSettings();
  await machine.must(["agent", "run", file, "--once"]);
  await writeFile(here("bin/app"), "changed");
  expect((await machine.must(["agent", "run", file, "--once"])).stderr).toContain(`version ${current()} was changed`);
  expect((await machine.must(["agent", "status", file])).stdout).toContain("bin/app (changed)");
  await rm(here("bin/app"));
  expect(await status(file)).toMatchObject({ installedIs: "missing" });
  expect((await machine.must(["agent", "run", file, "--once"])).stderr).toContain("is not at its place any more");
  expect(await installed()).toBe(program(current()));
  expect(await status(file)).toMatchObject({ installedIs: "whole" });
});

interface Told {
  readonly type: string;
  readonly event?: string;
  readonly id?: unknown;
  readonly [member: string]: unknown;
}

/** Each line has the form that docs/schema/agent-lines.json gives to it. */
function linesOf({ stdout }: Ran): readonly Told[] {
  const lines = stdout.trimEnd().split("\n");
  expect(lines.flatMap((line) => forms.verify("agent-lines", line))).toEqual([]);
  return lines.map((line) => JSON.parse(line) as Told);
}

async function drive(file: string, ...commands: readonly object[]): Promise<readonly Told[]> {
  const stdin = commands.map((command) => `${JSON.stringify(command)}\n`).join("");
  return linesOf(await machine.must(["agent", "run", file, "--jsonl"], stdin));
}

const answerOf = (lines: readonly Told[], id: unknown): Told | undefined =>
  lines.find((line) => line.type === "answer" && line.id === id);

describe("dtuf agent run --jsonl", () => {
  test("says what there is, and does what it is told, each command with its own answer", async () => {
    const file = await writeSettings();
    const version = current();
    const lines = await drive(
      file,
      { id: 1, command: "check" },
      { id: "b", command: "stage", version },
      { id: 3, command: "apply", version },
      { id: 4, command: "confirm" },
      { id: 5, command: "status" },
    );
    expect(lines[0]).toMatchObject({ type: "hello", protocol: 1, name: "app", automatic: "check" });
    expect(lines.at(-1)).toEqual({ type: "ended", status: 0 });
    expect(answerOf(lines, 1)).toMatchObject({ ok: true, result: { update: { version, kind: "install" } } });
    expect(answerOf(lines, "b")).toMatchObject({ ok: true, result: { pending: { version, phase: "staged" } } });
    expect(answerOf(lines, 3)).toMatchObject({ ok: true, result: { pending: { phase: "applied" } } });
    expect(answerOf(lines, 5)).toMatchObject({ ok: true, result: { installed: { version }, pending: null } });
    expect(lines.flatMap(({ event }) => event ?? [])).toEqual(
      expect.arrayContaining(["checked", "progress", "staged", "applied", "confirmed"]),
    );
    expect(await installed()).toBe(program(version));
  });

  test("skips, postpones, opts out and reverts, and a person who asks gets it all the same", async () => {
    const file = await writeSettings();
    const version = current();
    await machine.must(["agent", "run", file, "--once"]);
    const next = await release();
    const update = { update: { version: next } };
    const lines = await drive(
      file,
      { id: 1, command: "skip", version: next },
      { id: 2, command: "check" },
      { id: 3, command: "check", asked: true },
      { id: 4, command: "stage", asked: true },
      { id: 5, command: "apply", asked: true },
      { id: 6, command: "revert" },
      { id: 7, command: "opt-out", on: true },
      { id: 8, command: "opt-out", on: false },
      { id: 9, command: "postpone", until: "2099-01-01T00:00:00Z" },
      { id: 10, command: "status" },
    );
    expect(answerOf(lines, 2)).toMatchObject({ result: { update: null, passedOver: [{ reason: "skipped" }] } });
    expect(answerOf(lines, 3)).toMatchObject({ result: update });
    expect(answerOf(lines, 6)).toMatchObject({ result: { installed: { version }, reverted: [next] } });
    expect(answerOf(lines, 7)).toMatchObject({ result: { optedOut: true } });
    expect(answerOf(lines, 9)).toMatchObject({
      result: { optedOut: false, postponedUntil: "2099-01-01T00:00:00.000Z" },
    });
    expect(answerOf(lines, 10)).toMatchObject({ result: { installed: { version }, installedIs: "whole" } });
    expect(await installed()).toBe(program(version));
  });

  test("a command that fails is answered with a code, and whether to try again and whether it can be an attack", async () => {
    const lines = await drive(
      await writeSettings(),
      { id: 1, command: "apply" },
      { id: 2, command: "revert" },
      { id: 3, command: "stage", version: "9.9.9" },
      { id: 4, command: "reinstall" },
      { id: 5, command: "cancel" },
    );
    expect(answerOf(lines, 1)).toMatchObject({
      ok: false,
      error: { code: "AGENT_NOT_PENDING", retryable: false, security: false },
    });
    expect(answerOf(lines, 2)).toMatchObject({ error: { code: "AGENT_NO_PREDECESSOR" } });
    expect(answerOf(lines, 3)).toMatchObject({ error: { code: "AGENT_COMMAND_INVALID" } });
    expect(answerOf(lines, 4)).toMatchObject({ error: { code: "AGENT_COMMAND_UNKNOWN" } });
    expect(lines.at(-1)).toEqual({ type: "ended", status: 0 });
  });

  test("lines that are too long, are no JSON or no text are answered, and those after them are read", async () => {
    const file = await writeSettings();
    const long = `{"id":1,"command":"status","x":"${"y".repeat(70_000)}"}`;
    const stdin = Buffer.concat([
      Buffer.from(`${long}\n{]\n`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('{"id":2,"command":"status"}'),
    ]);
    const lines = linesOf(await machine.must(["agent", "run", file, "--jsonl"], stdin));
    const refused = lines.filter(({ type, id }) => type === "answer" && id === null);
    expect(refused).toMatchObject([
      { error: { code: "AGENT_COMMAND_INVALID", message: "the line is longer than 65536 bytes" } },
      { error: { code: "AGENT_COMMAND_INVALID", message: "the line is not JSON" } },
      { error: { code: "AGENT_COMMAND_INVALID", message: "the line is not UTF-8" } },
    ]);
    expect(answerOf(lines, 2)).toMatchObject({ ok: true });
  });

  test("more commands than may wait are answered with AGENT_BUSY", async () => {
    const commands = Array.from({ length: 40 }, (_, id) => ({ id, command: "status" }));
    const lines = await drive(await writeSettings(), ...commands);
    const answers = lines.filter(({ type }) => type === "answer");
    expect(answers.length).toBe(40);
    expect(answers.filter(({ ok }) => ok === true).length).toBe(32);
    expect(answerOf(lines, 39)).toMatchObject({ error: { code: "AGENT_BUSY" } });
  });

  test("one round with --once installs by itself, and an error is in the last line too", async () => {
    const file = await writeSettings();
    const done = linesOf(await machine.must(["agent", "run", file, "--once", "--jsonl"]));
    expect(done.at(-1)).toEqual({ type: "ended", status: 0 });
    expect(await installed()).toBe(program(current()));
    const ran = await machine.run(["agent", "run", await writeSettings({ nam: "x" }), "--jsonl"]);
    expect(ran.status).toBe(2);
    expect(linesOf(ran)).toMatchObject([{ type: "ended", status: 2, error: { code: "AGENT_CONFIG_INVALID" } }]);
  });
});

test("each command that docs/schema describes is one that is taken, and the other way round", async () => {
  const schema = JSON.parse(
    await readFile(join(import.meta.dirname, "../../docs/schema/agent-lines.json"), "utf8"),
  ) as {
    readonly $defs: { readonly command: { readonly oneOf: readonly { properties: { command: { const: string } } }[] } };
  };
  const described = schema.$defs.command.oneOf.map(({ properties }) => properties.command.const);
  const [hello] = await drive(await writeSettings());
  expect(hello?.["commands"]).toEqual(described);
});
