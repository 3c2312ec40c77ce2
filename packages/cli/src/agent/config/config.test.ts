import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configKeys, parseAgentConfig, type AgentConfig } from "./config.ts";

const least = `repository: registry.example.com/acme/app
name: app
directory: state
install: { kind: executable, path: bin/app }
`;

const parse = (text: string): AgentConfig => parseAgentConfig(Buffer.from(text), "agent.yaml", "/etc/acme");

/** Message and hint. */
function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    const { code, message, hint } = error as Error & { readonly code: string; readonly hint?: string };
    if (code !== "AGENT_CONFIG_INVALID") throw error;
    return hint === undefined ? message : `${message} | ${hint}`;
  }
  throw new TypeError("it was accepted");
}

test("the least that is needed has defaults, and paths begin where the file is", () => {
  expect(parse(least)).toMatchObject({
    directory: "/etc/acme/state",
    install: { kind: "executable", path: "/etc/acme/bin/app" },
    everyMs: 6 * 3_600_000,
    programMs: 60_000,
    automatic: undefined,
    base: "/etc/acme",
  });
});

test("every key is read, from JSON too", () => {
  const config = parse(
    JSON.stringify({
      ...{
        repository: "oci:layout",
        root: "root.json",
        mirrors: ["b.example/acme/app"],
        name: "app",
        directory: "/var/app",
      },
      install: { kind: "archive", directory: "slots", unpackedMaxBytes: 1_000_000, entriesMax: 100 },
      ...{ installedVersion: "1.0.0", channels: ["beta", "stable"], platform: "linux/arm64", automatic: "stage" },
      ...{
        every: "1h",
        cooldown: "3 days",
        stall: "30s",
        startsMax: 5,
        window: "22:00-05:30 UTC",
        programTimeout: "10s",
      },
      ...{ health: ["bin/app", "--self-test"], restart: ["systemctl", "restart", "acme"] },
      ...{ metered: ["/usr/bin/metered"], battery: ["./on-battery"] },
    }),
  );
  expect(config).toMatchObject({
    ...{
      repository: "oci:/etc/acme/layout",
      root: "/etc/acme/root.json",
      mirrors: ["b.example/acme/app"],
      directory: "/var/app",
      automatic: "stage",
    },
    install: { kind: "archive", directory: "/etc/acme/slots", unpackedMaxBytes: 1_000_000, entriesMax: 100 },
    ...{ channels: ["beta", "stable"], platform: { os: "linux", arch: "arm64" }, installedVersion: "1.0.0" },
    ...{ everyMs: 3_600_000, cooldownMs: 3 * 86_400_000, stallMs: 30_000, startsMax: 5, programMs: 10_000 },
    window: { from: "22:00", to: "05:30", zone: "utc" },
  });
  expect(config.programs).toEqual({
    health: ["/etc/acme/bin/app", "--self-test"],
    restart: ["systemctl", "restart", "acme"],
    metered: ["/usr/bin/metered"],
    battery: ["/etc/acme/on-battery"],
  });
});

test("the example in docs/agent.md is accepted, and its table has every key and no other", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../../docs/agent.md"), "utf8");
  const [, example = ""] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
  expect(parse(example)).toMatchObject({ install: { path: "/opt/acme/app" }, everyMs: 6 * 3_600_000 });
  const [, table = ""] = /^\| key[^]*?\n((?:\|.*\n)*)/m.exec(page) ?? [];
  const described = [...table.matchAll(/^\| ((?:`\w+`,? ?)+) \|/gm)].flatMap(
    ([, names = ""]) => names.match(/\w+/g) ?? [],
  );
  expect(described.toSorted()).toEqual([...configKeys].toSorted());
});

describe("a file of settings is refused with its line, the key, and what is near:", () => {
  test.each<[string, string, string]>([
    ["an unknown key", `${least}chanels: [beta]\n`, 'agent.yaml:5: chanels: unknown key | did you mean "channels"?'],
    [
      "an unknown key of a place",
      least.replace("path:", "pth:"),
      'agent.yaml:4: install.pth: unknown key | did you mean "path"?',
    ],
    [
      "a key of another kind of place",
      least.replace("kind: executable,", "kind: archive,"),
      "agent.yaml:4: install.path: unknown key | known are kind, directory, unpackedMaxBytes, entriesMax",
    ],
    ["a key twice", `${least}name: other\n`, "agent.yaml:5: name: is given twice; line 2 has it too"],
    ["a key twice in JSON", '{\n"name": "a",\n"name": "b"}', "agent.yaml:3: name: is given twice; line 2 has it too"],
    ["a key that is missing", "name: app\n", "agent.yaml:1: repository is missing"],
    [
      "a number for a text",
      least.replace("name: app", "name: 17"),
      "agent.yaml:2: name: wanted a text, in quotes; got 17",
    ],
    ["a number for a duration", `${least}every: 6\n`, 'agent.yaml:5: every: wanted a duration with its unit; got "6"'],
    ["a list for a text", least.replace("state", "[state]"), "agent.yaml:3: directory: wanted a text; got a list"],
    ["nothing for a text", least.replace("state", ""), "agent.yaml:3: directory: wanted a text; got nothing"],
    ["a text for a list", `${least}channels: beta\n`, 'agent.yaml:5: channels: wanted a list; got "beta"'],
    ["a command line for a list", `${least}health: app -t\n`, 'agent.yaml:5: health: wanted a list; got "app -t"'],
    [
      "a text for a number",
      `${least}startsMax: many\n`,
      'agent.yaml:5: startsMax: wanted a whole number from 1 to 1000; got "many"',
    ],
    [
      "a word that cannot be chosen",
      `${least}automatic: aply\n`,
      'agent.yaml:5: automatic: wanted check or stage or apply; got "aply" | did you mean "apply"?',
    ],
    [
      "a duration without a unit",
      `${least}every: "45"\n`,
      'agent.yaml:5: every: wanted a duration with its unit; got "45"',
    ],
    [
      "a version of two numbers",
      `${least}installedVersion: "1.0"\n`,
      "agent.yaml:5: installedVersion: version of a release must be semantic versioning ",
    ],
    [
      "a channel with a space",
      `${least}channels: [stable, "a b"]\n`,
      "agent.yaml:5: channels[1]: channel of a release must be ",
    ],
    ["hours without minutes", `${least}window: 22-5\n`, "agent.yaml:5: window: wanted hours of a day such as "],
    ["an alias", `a: &a x\n${least}`, "agent.yaml:1: a: unknown key"],
    [
      "a value by an alias",
      least.replace("name: app", "name: &n app").replace("state", "*n"),
      "agent.yaml:3: directory: wanted a text; got an alias",
    ],
    ["a text for the whole file", "just a text\n", "agent.yaml:1: wanted a mapping with repository, "],
    ["an empty file", "", "agent.yaml:1: wanted a mapping with repository, "],
    ["what cannot be read", 'repository: "registry\nname: [\n', "agent.yaml:"],
  ])("%s", (_what, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  test("bytes that are no UTF-8", () => {
    expect(() => parseAgentConfig(new Uint8Array([0x6e, 0xff]), "agent.yaml", "/")).toThrow("agent.yaml: is not UTF-8");
  });
});
