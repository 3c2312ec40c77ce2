/** What a registry says, and what it must not learn to say: secrets and control sequences in what a command prints and logs. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createHostileRegistry,
  type Fault,
  type HostileRegistry,
  type LoggedRequest,
  type RegistryAuth,
} from "@dtuf/testing/hostile-registry/hostile-registry";
import { startHttpServer } from "@dtuf/testing/http-servers";
import { createTufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { beforeAll, describe, expect, test } from "vitest";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_INSECURE: "1", DTUF_USERNAME: "fred", DTUF_LOG_FILE: "log" }, "all tests");

beforeAll(async () => {
  machine.environment["DTUF_FILE_LOG_LEVEL"] = "DEBUG";
  machine.environment["DTUF_CONSOLE_LOG_LEVEL"] = "DEBUG";
  await writeFile(join(machine.directory, "f"), "x");
});

const basic: RegistryAuth = { kind: "basic", users: { fred: "hunter2" } };
const bearer: RegistryAuth = { kind: "bearer", users: { fred: "hunter2" }, anonymous: "none" };
const signed = "http://fred:hunter2@127.0.0.1:1/blob?X-Amz-Signature=hunter2&token=hunter2";

describe("secrets", () => {
  const run = async (registry: HostileRegistry, words: readonly string[]): Promise<string> => {
    machine.environment["DTUF_HOST"] = registry.host;
    machine.environment["DTUF_PASSWORD"] = "hunter2";
    await rm(join(machine.directory, "log"), { force: true });
    const { stdout, stderr } = await machine.run(words);
    return `${stdout}${stderr}${await readFile(join(machine.directory, "log"), "utf8").catch(() => "")}`;
  };

  /** The password, and whatever was sent for it. */
  const expectNoSecret = (output: string, { requests }: HostileRegistry): void => {
    const sent = requests.flatMap(({ headers }) => headers.authorization?.split(" ")[1] ?? []);
    expect(sent).not.toEqual([]);
    for (const secret of ["hunter2", ...sent]) expect(output).not.toContain(secret);
  };

  test.each([
    ["with a password", basic],
    ["with a token", bearer],
  ])("are in no output and no log when all is well, %s [T61]", async (_what, auth) => {
    await using registry = await createHostileRegistry({ auth });
    for (const words of [
      ["push-blob", repo, "f", "@f"],
      ["pull-blob", repo, "@f"],
    ]) {
      expectNoSecret(await run(registry, words), registry);
    }
  });

  test.each<readonly [string, RegistryAuth, Fault]>([
    ["the server fails", basic, { kind: "answer", status: 500 }],
    ["the server refuses what it took before", bearer, { kind: "answer", status: 403 }],
    ["the connection is cut", bearer, { kind: "drop", when: "before" }],
    ["a redirect carries them in its address", basic, { kind: "redirect", location: signed }],
    ["it speaks no HTTP", basic, { kind: "raw", bytes: "hello\r\n" }],
  ])("are in no output and no log when %s [T61]", async (_what, auth, fault) => {
    await using registry = await createHostileRegistry({ auth });
    const where = ({ path, headers }: LoggedRequest): boolean =>
      path.startsWith(`/v2/${repo}/`) && headers.authorization !== undefined;
    registry.script({ match: { where }, fault });
    const output = await run(registry, ["list-aliases", repo]);
    expect(output).toMatch(/OCI_[A-Z]+/);
    expectNoSecret(output, registry);
  });
});

describe("what a registry says", () => {
  const evil = "\u001B]0;owned\u0007\u009B31m\u202Egnp.exe\r\ndtuf: hint: run rm";
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const controls = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E]/;

  test.each(["text", "json"])("sends no escape sequence to the terminal, as %s [T99]", async (format) => {
    await using registry = await createHostileRegistry();
    machine.environment["DTUF_HOST"] = registry.host;
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: evil, detail: evil }] });
    registry.script({ fault: { kind: "answer", status: 400, body, headers: { "content-type": "application/json" } } });
    for (const words of [["pull-blob", repo, "@f"], ["list-aliases", repo], ["list-repos"]]) {
      const { stdout, stderr } = await machine.run(format === "json" ? [...words, "--json"] : words);
      expect(stderr).not.toBe("");
      expect(stdout + stderr).not.toMatch(controls);
      expect(stderr).not.toMatch(/^dtuf: hint: run rm/m);
    }
  });

  test("is one line a name, without escape sequences, when it lists [T99]", async () => {
    await using registry = await createHostileRegistry();
    machine.environment["DTUF_HOST"] = registry.host;
    const body = JSON.stringify({ name: repo, tags: ["good", evil], repositories: ["fred/good", evil] });
    registry.script({ fault: { kind: "answer", status: 200, body, headers: { "content-type": "application/json" } } });
    for (const words of [["list-aliases", repo], ["list-repos"]]) {
      const { stdout, stderr } = await machine.run(words);
      expect(stdout + stderr).not.toMatch(controls);
      expect(stdout.split("\n")).not.toContain("dtuf: hint: run rm");
    }
  });

  test("stands escaped in the log too, and what signed metadata says is escaped as well [T99]", async () => {
    const sim = await createTufSimulator({ now: new Date() });
    sim.addDelegation("targets", { name: evil, paths: ["*"] }).expires = new Date(0);
    await sim.publishRelease();
    await using server = await startHttpServer(({ url = "" }, response) => {
      const bytes = sim.files.get(decodeURIComponent(url.slice("/metadata/".length)));
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    });
    await rm(join(machine.directory, "log"), { force: true });
    machine.environment["DTUF_METADATA_URL"] = server.url("/metadata/").href;
    const pulled = await machine.run(["pull-metadata", repo, "-"], sim.files.get("1.root.json"));
    const { stdout, stderr } = await machine.run(["pull-target", repo, "any"]);
    delete machine.environment["DTUF_METADATA_URL"];
    expect(stderr).toMatch(/owned[^\n]*TUF_EXPIRED/);
    const log = await readFile(join(machine.directory, "log"), "utf8");
    expect(log).toContain("owned");
    for (const text of [pulled.stderr, stdout, stderr, log]) {
      expect(text).not.toMatch(controls);
      expect(text.split("\n")).not.toContain("dtuf: hint: run rm");
    }
  });
});

test("a registry that takes only the media types it knows is answered with the setting that it needs", async () => {
  await using registry = await createHostileRegistry();
  machine.environment["DTUF_HOST"] = registry.host;
  const body = JSON.stringify({
    errors: [
      {
        code: "MANIFEST_INVALID",
        message: "manifest invalid",
        detail: "unknown media type: application/vnd.dtuf.target.v1",
      },
    ],
  });
  registry.script({
    match: { method: "PUT", path: /manifests/ },
    fault: { kind: "answer", status: 400, body },
  });
  for (const words of [["create-root-key"], ["create-metadata-keys"], ["create-metadata"]])
    await machine.must([...words, "fred/types"]);
  const ran = await machine.run(["push-target", "fred/types", "f", "f"]);
  expect(ran.status).toBe(5);
  expect(ran.stderr).toContain("unknown media type: application/vnd.dtuf.target.v1");
  expect(ran.stderr).toMatch(/hint: .*REGISTRY_FF_DYNAMIC_MEDIA_TYPES=true/);
});
