/**
 * Every setting that a command lists has its effect in every mode of the command, or is refused there. The effect is seen
 * in what the command reads: a setting that nobody reads does nothing.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestIo } from "@dtuf/testing/test-io";
import { publishToDirectory, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { testNow } from "@dtuf/testing/tuf-simulator/tuf-trusted";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  settings,
  variableOf,
  type Setting,
  type SettingName,
} from "../../packages/cli/src/context/settings/settings.ts";
import type { Context } from "../../packages/cli/src/context/command.ts";
import { allowQuestions } from "../../packages/cli/src/context/questions.ts";
import { createScreen } from "../../packages/cli/src/context/screen/screen.ts";
import { createTerminal } from "../../packages/cli/src/context/terminal.ts";
import { readSettings, type Flags, type Values } from "../../packages/cli/src/context/settings/values.ts";
import { commandGroups, commands } from "../../packages/cli/src/table.ts";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const { machine, registry } = useMachineAndRegistry("all tests");
let plain: Awaited<ReturnType<typeof serveDirectory>>;

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["pull-metadata", repo, "root.json"]);
  await machine.must(["push-blob", repo, "demo.txt", "@alias"]);
  await machine.must(["push-blob", "fred/image", "demo.txt", "@tag"]);
  await writeFile(join(machine.directory, "names.txt"), "demo.txt");
  await writeFile(join(machine.directory, "list.yaml"), `${registry.host}:\n  images:\n    fred/image: [tag]\n`);
  const install = { kind: "file", path: "installed" };
  const agent = { repository: repo, root: "root.json", name: "app", directory: "agent", install, automatic: "check" };
  await writeFile(join(machine.directory, "agent.json"), JSON.stringify(agent));
  const sim = await createTufSimulator();
  sim.addTarget("a.txt", Buffer.from("a"));
  await sim.publishRelease();
  await publishToDirectory(sim, join(machine.directory, "plain"));
  await writeFile(join(machine.directory, "plain.json"), sim.files.get("1.root.json") ?? "");
  await writeFile(join(machine.directory, "a.txt"), "a");
  await machine.must(["pin", "fred/plain", "plain.json"]);
  plain = await serveDirectory(join(machine.directory, "plain"));
});

afterAll(async () => {
  await plain[Symbol.asyncDispose]();
});

interface Story {
  readonly command: string;
  readonly args: readonly string[];
  readonly flags?: Flags;
  /** "site": the simulator's plain repository, at its time, with no registry in the environment. */
  readonly place?: "site";
  /** In its variable; "-": on stdin, which goes before. */
  readonly password?: string;
}

const digest = `sha256:${"0".repeat(64)}`;

/** Passphrases are asked for if a key has one: test/cli/terminal.test.ts. Digests never change: so it is always. */
const excused: ReadonlySet<SettingName> = new Set([
  "root-key-password",
  "old-root-key-password",
  "targets-key-password",
  "snapshot-key-password",
  "timestamp-key-password",
  "key-password",
  "preserve-digests",
]);

/** In this order: each finds what those before it left. */
const stories: readonly Story[] = [
  { command: "init", args: ["fred/whole"], flags: { output: "whole.json" } },
  { command: "init", args: ["fred/whole"], flags: { output: "-" } },
  { command: "publish", args: ["fred/whole", "demo.txt"], flags: { name: "named.txt" } },
  { command: "pull", args: ["fred/whole"], flags: { root: "whole.json", output: "pulled" } },
  { command: "pull", args: ["fred/whole", "named.txt"], flags: { offline: true } },
  { command: "pull", args: ["fred/whole", "named.txt"], flags: { output: "-" } },
  { command: "create-root-key", args: ["fred/new"] },
  { command: "create-metadata-keys", args: ["fred/new"] },
  { command: "create-metadata", args: ["fred/new"] },
  { command: "reset-keys", args: [repo] },
  { command: "push-target", args: [repo, "other", "demo.txt"] },
  { command: "push-target", args: [repo, "other"], flags: { custom: ["os=linux"] } },
  { command: "push-targets", args: [repo, "demo.txt"], flags: { prefix: "many" } },
  { command: "release", args: [repo, "app", "1.0.0", "demo.txt"], flags: { rollout: "10%" } },
  {
    command: "release",
    args: [repo, "app", "1.0.1", "demo.txt", "demo.txt"],
    flags: { platform: "linux/amd64,windows/amd64" },
  },
  { command: "rollout", args: [repo, "app", "1.0.0", "50%"] },
  { command: "revoke-release", args: [repo, "app", "1.0.0"] },
  { command: "del-target", args: [repo, "other"] },
  { command: "unstage-target", args: [repo] },
  { command: "push-metadata", args: [repo] },
  { command: "push-metadata", args: [repo], flags: { "record-out": "record.json" } },
  { command: "refresh-metadata", args: [repo] },
  { command: "push-metadata", args: [repo], flags: { "dry-run": true } },
  { command: "publish", args: ["fred/whole", "demo.txt"], flags: { "dry-run": true } },
  { command: "get-root", args: [repo] },
  { command: "adopt-metadata", args: ["fred/adopted", "root.json"] },
  { command: "list-master-targets", args: [repo] },
  { command: "get-master-expirations", args: [repo] },
  { command: "status", args: [repo] },
  { command: "status", args: [repo], flags: { prometheus: true } },
  { command: "status", args: [repo], flags: { "trust-clock": true } },
  { command: "status", args: [repo], flags: { html: "status.html", calendar: "expiries.ics" } },
  { command: "status", args: [repo], flags: { html: "status.html" } },
  { command: "status", args: [repo], flags: { calendar: "expiries.ics" } },
  { command: "status", args: [repo], flags: { root: "root.json" } },
  { command: "status", args: [repo], flags: { serve: true } },
  { command: "tree", args: [repo] },
  { command: "tree", args: [repo], flags: { root: "root.json" } },
  { command: "delegate-role", args: [repo, "role", "demo.txt"], flags: { path: ["x"], key: ["demo.txt"] } },
  { command: "update-role", args: [repo, "role", "demo.txt"] },
  { command: "revoke-role", args: [repo, "role"] },
  { command: "create-key", args: ["alice"] },
  { command: "create-key", args: ["imported"], flags: { from: "alice" } },
  { command: "add-key", args: [repo, "targets", "file2:alice"] },
  { command: "create-bins", args: ["fred/new"], flags: { count: "4" } },
  { command: "create-bins", args: ["fred/new"], flags: { count: "4", key: ["demo.txt"] } },
  { command: "create-bins", args: ["fred/new"], flags: { count: "4", from: "targets" } },
  { command: "resize-bins", args: ["fred/new"], flags: { count: "8" } },
  { command: "resize-bins", args: ["fred/new"], flags: { count: "8", role: "targets" } },
  { command: "set-threshold", args: [repo, "targets", "1"] },
  { command: "set-periods", args: [repo, "timestamp", "2"] },
  { command: "list-keys", args: [repo] },
  { command: "remove-key", args: [repo, "targets", "alice"] },
  { command: "diff", args: [repo] },
  { command: "propose", args: [repo, "proposed"] },
  { command: "review", args: [repo, "proposed"] },
  { command: "sign", args: [repo], flags: { proposal: "proposed", yes: true } },
  { command: "sign", args: [repo], flags: { proposal: "proposed", export: "request" } },
  { command: "sign-file", args: ["request"], flags: { yes: true } },
  { command: "sign", args: [repo], flags: { import: ["request"] } },
  { command: "accept", args: [repo, "proposed"], flags: { "dry-run": true } },
  { command: "accept", args: [repo, "proposed"] },
  { command: "prune", args: [repo] },
  { command: "list-releases", args: [repo] },
  { command: "list-releases", args: [repo], flags: { all: true } },
  { command: "rollback-release", args: [repo, "2"] },
  { command: "rollback-release", args: [repo, "2"], flags: { "dry-run": true } },
  { command: "pin", args: [repo, "root.json"] },
  ...["pull-metadata", "list-copy-targets", "get-copy-expirations", "inspect"].flatMap((command) => pulls(command, [])),
  ...["pull-target", "blob-sizes", "explain"].flatMap((command) => pulls(command, ["demo.txt"])),
  ...pulls("check-target", ["demo.txt", "demo.txt"]),
  { command: "pull-target", args: [repo, "demo.txt"], flags: { output: "saved" } },
  { command: "pull-target", args: [repo], flags: { "names-from": "names.txt", output: "." } },
  { command: "pull-target", args: [repo, "demo.txt"], flags: { output: "saved", explain: true } },
  ...agents(),
  { command: "list-repos", args: [] },
  { command: "auth", args: [repo, "pull"] },
  { command: "push-blob", args: [repo, "demo.txt"] },
  { command: "pull-blob", args: [repo, "@alias"] },
  { command: "blob-size", args: [repo, "@alias"] },
  { command: "mount-blob", args: [repo, "fred/image", digest] },
  { command: "set-alias", args: [repo, "alias", "./demo.txt"] },
  ...["get-alias", "get-digest", "get-manifest", "resolve"].map((command) => ({ command, args: [repo, "alias"] })),
  { command: "list-aliases", args: [repo] },
  { command: "del-alias", args: [repo, "alias"] },
  { command: "del-blob", args: [repo, digest] },
  ...syncs(),
  { command: "login", args: [], flags: { username: "fred", "plain-text": true }, password: "p" },
  {
    command: "login",
    args: [],
    flags: { username: "fred", "password-stdin": true, "plain-text": true },
    password: "-",
  },
  { command: "login", args: [], flags: { "identity-token-stdin": true, "plain-text": true }, password: "-" },
  { command: "logout", args: [] },
  { command: "help", args: ["TUF_EXPIRED"] },
  { command: "help", args: [], flags: { man: true, output: "manual" } },
  { command: "completion", args: ["bash"] },
];

/** From a registry, from a plain site, and without a network. */
function pulls(command: string, args: readonly string[]): readonly Story[] {
  return [
    { command, args: [repo, ...args] },
    { command, args: ["fred/plain", ...args.map(() => "a.txt")], flags: { "metadata-url": "SITE" }, place: "site" },
    { command, args: [repo, ...args], flags: { offline: true } },
  ];
}

function agents(): readonly Story[] {
  return [
    { command: "agent", args: ["run", "agent.json"], flags: { once: true } },
    { command: "agent", args: ["run", "agent.json"], flags: { jsonl: true } },
    { command: "agent", args: ["run", "agent.json"], flags: { once: true, "metadata-url": "SITE" }, place: "site" },
    { command: "agent", args: ["status", "agent.json"] },
  ];
}

function syncs(): readonly Story[] {
  const from = "docker://HOST/fred/image:tag";
  const source = "docker://HOST/fred/demo";
  const tuf = { tuf: "root.json" };
  return [
    { command: "sync", args: [from, "oci:images"] },
    { command: "sync", args: [from, "docker://HOST/fred/copied"] },
    { command: "sync", args: ["oci:images"], flags: { "source-yaml": "list.yaml" } },
    { command: "sync", args: [from, "oci:images"], flags: { all: true } },
    { command: "sync", args: [source, "oci:carried"], flags: tuf },
    {
      command: "sync",
      args: ["SITE", "oci:carried-plain"],
      flags: { tuf: "plain.json", host: "SITEHOST" },
      place: "site",
    },
    { command: "export", args: [source, "demo.tar"], flags: tuf },
    { command: "import", args: ["demo.tar", "docker://HOST/fred/imported"], flags: tuf },
    { command: "export-repository", args: [source, "site"], flags: { root: "root.json" } },
    {
      command: "export-repository",
      args: ["SITE", "site-2"],
      flags: { root: "plain.json", host: "SITEHOST" },
      place: "site",
    },
    {
      command: "import-repository",
      args: ["oci:taken"],
      flags: { root: "plain.json", host: "SITEHOST", "metadata-url": "SITE" },
      place: "site",
    },
    { command: "verify-repository", args: [source], flags: { root: "root.json" } },
    { command: "verify-repository", args: [source], flags: { root: "root.json", all: true } },
    { command: "verify-repository", args: ["SITE"], flags: { root: "plain.json", host: "SITEHOST" }, place: "site" },
  ];
}

const filled = (text: string): string =>
  text
    .replace("SITEHOST", new URL(plain.origin).host)
    .replace("HOST", registry.host)
    .replace("SITE", `${plain.origin}/metadata/`);

test.each(
  stories.map(
    (story) => [`${story.command} ${story.args.join(" ")} ${JSON.stringify(story.flags ?? {})}`, story] as const,
  ),
)("%s", async (_name, { command: name, args, flags = {}, place, password }) => {
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  const given = Object.fromEntries(
    Object.entries(flags).map(([flag, value]) => [flag, typeof value === "string" ? filled(value) : value]),
  );
  const read = new Set<SettingName>();
  const { DTUF_HOST = "", ...local } = machine.environment;
  const env =
    place === "site" ? local : { ...local, DTUF_HOST, ...(password === undefined ? {} : { DTUF_PASSWORD: password }) };
  const now = (): Date => (place === "site" ? testNow : new Date());
  const served = new AbortController();
  const world = createTestIo({ argv: [], cwd: machine.directory, env, stdin: "secret", now, signal: served.signal });
  // A command that serves says where, and runs until it is interrupted.
  const stdout = {
    ...world.io.stdout,
    write: async (chunk: Uint8Array | string) => {
      await world.io.stdout.write(chunk);
      if (flags["serve"] !== undefined) served.abort();
    },
  };
  const io = { ...world.io, stdout, home: machine.directory, env: recordVariables(env, read) };
  const values = recordSettings(readSettings(given, env, "DTUF"), read);
  const variable = (setting: SettingName): string => variableOf(setting, "DTUF");
  const run = await command.load();
  const terminal = createTerminal("dtuf", io, values);
  const context: Context = {
    io,
    program: "dtuf",
    values,
    variable,
    terminal,
    screen: createScreen(allowQuestions(io, values)),
    interruption: {},
    groups: commandGroups,
  };
  const failure: unknown = await run(context, args.map(filled)).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).not.toMatchObject({ code: "USAGE" });
  const modes = command.modes.filter(({ when }) => when(values, args.map(filled))).flatMap(({ refuses }) => refuses);
  if (password === "-") read.add("password");
  const unread = command.settings.filter((each) => !read.has(each) && !modes.includes(each) && !excused.has(each));
  expect(unread).toEqual([]);
});

/** Right values, so that nothing but the mode is wrong. */
const right: Partial<Record<SettingName, string>> = {
  platform: "linux/amd64",
  map: "a=b",
  "target-base-url": "https://site.example/targets/",
  "auth-host": "auth.example",
  header: "X-Name: value",
  "source-yaml": "list.yaml",
  "part-size": "500m",
};

function flagOf(name: SettingName): string {
  const { kind, choices }: Setting = settings[name];
  const value =
    choices?.[0] ??
    right[name] ??
    (kind === "duration" || kind === "optional-duration" ? "1h" : kind.endsWith("count") ? "3" : "x");
  return kind === "switch" ? `--${name}` : `--${name}=${value}`;
}

/** The commands' own modes and their refusals, each with the story that is in the mode. A secret has no flag to refuse. */
const refusals = commands.flatMap(({ name, modes, settings: own }) =>
  modes.flatMap((mode) =>
    mode.refuses
      .filter((each) => own.includes(each) && settings[each].kind !== "secret")
      .map((each) => [name, each, mode.name, mode] as const),
  ),
);

test.each(refusals)("%s refuses --%s %s", async (...[name, refused, words, mode]) => {
  const inMode = stories.filter(({ command, args, flags = {} }) => {
    const values = readSettings(flags, {}, "DTUF");
    return command === name && mode.when(values, args.map(filled)) && flags[refused] === undefined;
  });
  const [story] = [...inMode, ...switched(name, words)];
  if (story === undefined) throw new Error(`no story of ${name} is in the mode`);
  const given = Object.entries(story.flags ?? {}).flatMap(([flag, value]) =>
    [value].flat().map((each) => (each === true ? `--${flag}` : `--${flag}=${filled(String(each))}`)),
  );
  const ran = await machine.run([name, ...story.args.map(filled), ...given, flagOf(refused)]);
  expect(ran.stderr).toContain(`--${refused} has no meaning `);
  expect(ran).toMatchObject({ status: 2, stdout: "" });
});

/** A mode that a switch chooses needs no story of its own. */
function switched(name: string, words: string): readonly Story[] {
  const [, choice] = /^with --([a-z-]+)$/.exec(words) ?? [];
  const own = stories.filter(({ command }) => command === name);
  return choice === undefined ? [] : own.map((story) => ({ ...story, flags: { [choice]: true } }));
}

test("every command has its story", () => {
  const told = new Set(stories.map(({ command }) => command));
  expect(commands.map(({ name }) => name).filter((name) => !told.has(name))).toEqual([]);
});

function recordSettings(values: Values, read: Set<SettingName>): Values {
  const record =
    <Value>(get: (name: SettingName) => Value) =>
    (name: SettingName): Value => {
      read.add(name);
      return get(name);
    };
  return {
    ...values,
    text: record((name) => values.text(name)),
    list: record((name) => values.list(name)),
    on: record((name) => values.on(name)),
    count: record((name) => values.count(name)),
    durationMs: record((name) => values.durationMs(name)),
  };
}

/** Secrets are read from their variables. */
function recordVariables(
  environment: Readonly<Record<string, string>>,
  read: Set<SettingName>,
): Record<string, string> {
  const secrets = (Object.keys(settings) as SettingName[]).filter((name) => settings[name].kind === "secret");
  return new Proxy(
    { ...environment },
    {
      get(target, key) {
        const name = secrets.find((each) => variableOf(each, "DTUF") === key);
        if (name !== undefined) read.add(name);
        return Reflect.get(target, key) as string;
      },
    },
  );
}
