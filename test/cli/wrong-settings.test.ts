/** Every setting, once with a wrong value: a usage error that names what was given, before anything is done. */
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { commands } from "../../packages/cli/src/table.ts";
import {
  settings,
  variableOf,
  type Setting,
  type SettingName,
} from "../../packages/cli/src/context/settings/settings.ts";
import type { Ran } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

/** For the settings whose kind does not say it. Any text is right for those with "any". */
const wrong: Partial<Record<SettingName, string>> = {
  host: "host/with/path",
  username: "fred\nX: y",
  password: "any",
  token: "t\r\nX: y",
  authorization: "Basic x\r\nX: y",
  "credentials-for": "*.*.com",
  "auth-host": "https://auth.example",
  header: "no colon",
  platform: "linux",
  "repositories-root": "any",
  "metadata-url": "ftp://site.example/metadata/",
  "target-base-url": "targets",
  mirror: "two words",
  "root-key-password": "any",
  "old-root-key-password": "any",
  "targets-key-password": "any",
  "snapshot-key-password": "any",
  "timestamp-key-password": "any",
  "key-password": "any",
  signer: "no uri",
  "signers-file": "any",
  owner: "a\nb",
  from: "a\nb",
  "expect-snapshot": "newest",
  proposal: "two words",
  "expect-hash": "abc",
  path: "any",
  custom: "text",
  channel: "two words",
  rollout: "101%",
  "part-size": "500",
  minimum: "1.4",
  "support-until": "tomorrow",
  match: "any",
  prefix: "any",
  role: "any",
  name: "any",
  "path-hash-prefix": "xyz",
  "append-suffix": "any",
  map: "alone",
  include: "(",
  exclude: "(",
  format: "v2s2",
  "sign-by": "key",
  policy: "policy.json",
  "src-creds": ":password",
  "src-username": "a\nb",
  "src-password": "a\nb",
  "src-registry-token": "a\nb",
  "dest-creds": ":password",
  "dest-username": "a\nb",
  "dest-password": "a\nb",
  "dest-registry-token": "a\nb",
};

/** What a command needs beside the setting, to be called. */
const words: Readonly<Record<string, readonly string[]>> = {
  sync: ["oci:a", "oci:b"],
  help: ["TUF_EXPIRED"],
  "pull-target": ["fred/demo", "demo.txt", "--output=out"],
  "push-target": ["fred/demo", "demo.txt", "file"],
};

function wrongValue(name: SettingName): string {
  const { kind, needs }: Setting = settings[name];
  if (needs !== undefined) return needs === "parent" ? "no-such/file" : "no-such";
  const given = wrong[name];
  if (given !== undefined) return given;
  if (kind === "duration" || kind === "optional-duration") return "45";
  if (kind === "optional-count") return "70000";
  if (kind === "text" || kind === "list" || kind === "secret") throw new Error(`no wrong value is known for ${name}`);
  return "wrong";
}

const machine = useMachine({}, "all tests");
async function run(name: SettingName, form: "flag" | "variable"): Promise<Ran> {
  const value = wrongValue(name);
  const command = commands.find((each) => each.settings.includes(name));
  if (command === undefined) throw new Error(`no command has ${name}`);
  const needed = [...command.arguments.matchAll(/<[^>]*>/g)].map(() => "fred/demo");
  const argv = [command.name, ...(words[command.name] ?? needed)];
  machine.environment = {
    ...(name === "host" ? {} : { DTUF_HOST: "oci:registry" }),
    ...(form === "variable" ? { [variableOf(name, "DTUF")]: value } : {}),
  };
  return machine.run(form === "flag" ? [...argv, `--${name}=${value}`] : argv);
}

async function expectRefusal(given: string, ran: Ran): Promise<void> {
  expect(ran.stderr).toContain(`dtuf: ${given}: `);
  expect(ran.stderr).toContain("(USAGE)");
  expect(ran.stderr).not.toContain("    at ");
  expect(ran).toMatchObject({ status: 2, stdout: "" });
  expect(await readdir(machine.directory)).toEqual([]);
}

const names = (Object.keys(settings) as SettingName[]).filter((name) => wrong[name] !== "any");
const withFlag = names.filter((name) => !["secret", "switch"].includes(settings[name].kind));

describe("a wrong value is a usage error that names", () => {
  test.each(names.map((name) => [variableOf(name, "DTUF"), name] as const))("%s", async (variable, name) => {
    expect.hasAssertions();
    await expectRefusal(variable, await run(name, "variable"));
  });

  test.each(withFlag)("--%s", async (name) => {
    expect.hasAssertions();
    await expectRefusal(`--${name}`, await run(name, "flag"));
  });
});
