/** The program `dxf`: what it shows, what it takes, and how it remembers a password. */
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openKeychain } from "@dtuf/registry/remote";
import { createHostileRegistry, type HostileRegistry } from "@dtuf/testing/hostile-registry/hostile-registry";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { createMachine, type Machine } from "./machine.ts";

const verbs = [
  ...[
    "auth",
    "blob-size",
    "completion",
    "del-alias",
    "del-blob",
    "get-alias",
    "get-digest",
    "get-manifest",
    "list-aliases",
  ],
  ...["list-repos", "login", "logout", "mount-blob", "pull-blob", "push-blob", "resolve", "set-alias"],
];

/** Not on a machine without a desktop; on one with a keychain nothing is to be left in it. */
async function hasKeychain(): Promise<boolean> {
  try {
    await (await openKeychain()).getPassword("dtuf", "test.invalid");
    return true;
  } catch {
    return false;
  }
}

test("dxf --help shows dxf's verbs and no other", async () => {
  await using machine = await createMachine();
  const { stdout, status } = await machine.run(["dxf", "--help"]);
  const shown = [...stdout.slice(stdout.indexOf("Registry:")).matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(
    ([, verb = ""]) => verb,
  );
  expect(status).toBe(0);
  expect(shown.filter((verb) => verb !== "help").toSorted()).toEqual(verbs);
  expect((await machine.run(["dxf", "push-target", "fred/demo", "a", "b"])).status).toBe(2);
});

test("dxf reads DXF_ variables, and none of dtuf's", async () => {
  await using registry = await createHostileRegistry();
  await using machine = await createMachine({ DXF_HOST: registry.host, DXF_INSECURE: "1", DTUF_TOKEN: "planted" });
  expect((await machine.run(["dxf", "list-repos"])).status).toBe(0);
  expect(JSON.stringify(registry.requests)).not.toContain("planted");
  expect((await machine.run(["dxf", "list-repos", "--help", "--all"])).stdout).toMatch(/DXF_HOST(?![^]*DTUF_)/);
});

test.each([
  ["push-blob"],
  ["push-blob fred/demo"],
  ["push-blob fred/demo file alias"],
  ["push-blob fred/demo file @alias more"],
  ["pull-blob"],
  ["pull-blob fred/demo sha256:short"],
  ["pull-blob fred/demo md5:d41d8cd98f00b204e9800998ecf8427e"],
  ["blob-size"],
  ["mount-blob fred/demo fred/other"],
  ["mount-blob fred/demo ../other sha256:0000000000000000000000000000000000000000000000000000000000000000"],
  ["del-blob"],
  ["set-alias fred/demo"],
  ["set-alias fred/demo alias"],
  ["set-alias fred/demo alias no-digest"],
  ["get-alias"],
  ["get-alias fred/demo not/a/tag"],
  ["del-alias fred/demo"],
  ["get-manifest fred/demo"],
  ["resolve fred/demo"],
  ["list-aliases"],
  ["list-aliases fred/demo more"],
  ["list-repos more"],
  ["auth fred/demo"],
  ["login a.example b.example"],
  ["no-such-verb"],
  ["pull-blob FRED//demo @a"],
])("dxf %s is wrong usage, status 2", async (line) => {
  await using registry = await createHostileRegistry();
  await using machine = await createMachine({ DXF_HOST: registry.host, DXF_INSECURE: "1" });
  await writeFile(join(machine.directory, "file"), "content");
  const ran = await machine.run(["dxf", ...line.split(" ")]);
  expect(ran).toMatchObject({ status: 2, stdout: "" });
  expect(ran.stderr).not.toBe("");
  expect(registry.repository("fred/demo").tags.size).toBe(0);
});

describe("login", async () => {
  interface Desk extends AsyncDisposable {
    readonly registry: HostileRegistry;
    readonly machine: Machine;
    readonly config: string;
  }

  async function createDesk(config: object = {}): Promise<Desk> {
    const auth = { kind: "basic", users: { fred: "s3cret" } } as const;
    const registry = await createHostileRegistry({ auth });
    const machine = await createMachine({
      DXF_HOST: registry.host,
      DXF_INSECURE: "1",
      PATH: process.env["PATH"] ?? "",
    });
    const directory = join(machine.directory, "docker");
    await mkdir(directory);
    machine.environment["DOCKER_CONFIG"] = directory;
    await writeFile(join(directory, "config.json"), JSON.stringify(config));
    return {
      registry,
      machine,
      config: join(directory, "config.json"),
      async [Symbol.asyncDispose]() {
        await machine[Symbol.asyncDispose]();
        await registry.close();
      },
    };
  }

  /** Docker's helper protocol, kept in one file beside it. */
  async function installHelper({ machine }: Desk): Promise<string> {
    const bin = join(machine.directory, "bin");
    const store = join(bin, "store.json");
    await mkdir(bin);
    const program = join(bin, "docker-credential-desk");
    await writeFile(
      program,
      `#!/bin/sh
case "$1" in
store) cat > ${store} ;;
get) if [ -f ${store} ]; then cat ${store}; else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) rm -f ${store} ;;
esac
`,
    );
    await chmod(program, 0o755);
    machine.environment["PATH"] = `${bin}:${machine.environment["PATH"] ?? ""}`;
    return store;
  }

  const login = ["dxf", "login", "--username", "fred", "--password-stdin"];

  test("stores in the helper that Docker's configuration names; logout erases", async () => {
    await using desk = await createDesk({ credsStore: "desk", auths: { "other.example": {} } });
    const store = await installHelper(desk);
    const { machine, registry } = desk;
    expect((await machine.run(["dxf", "list-repos"])).status).toBe(13);
    const ran = await machine.run(login, "s3cret\n");
    expect(ran).toMatchObject({ status: 0, stdout: "" });
    expect(ran.stderr).toBe(`dxf: logged in to ${registry.host}; docker-credential-desk keeps the password\n`);
    expect(JSON.parse(await readFile(store, "utf8"))).toEqual({
      ...{ ServerURL: registry.host, Username: "fred", Secret: "s3cret" },
    });
    expect(await readFile(desk.config, "utf8")).not.toContain(Buffer.from("fred:s3cret").toString("base64"));
    expect((await machine.run(["dxf", "list-repos"])).status).toBe(0);
    await machine.must(["dxf", "logout"]);
    expect((await machine.run(["dxf", "list-repos"])).status).toBe(13);
  });

  test("stores nothing that the registry refuses", async () => {
    await using desk = await createDesk({ credsStore: "desk" });
    const store = await installHelper(desk);
    expect((await desk.machine.run(login, "wrong\n")).status).toBe(13);
    await expectRefused(stat(store), "ENOENT");
  });

  test("says nothing of a place, and stores nothing, if the host is no registry or refuses", async () => {
    await using desk = await createDesk();
    for (const [status, wanted] of [
      [404, 5],
      [401, 13],
    ] as const) {
      desk.registry.script({ match: { path: /^\/v2\/$/ }, fault: { kind: "answer", status } });
      const ran = await desk.machine.run([...login, "--plain-text"], "s3cret\n");
      expect([ran.status, ran.stderr]).toEqual([wanted, expect.not.stringContaining("config.json")]);
      desk.registry.clearScript();
    }
    expect(await readFile(desk.config, "utf8")).toBe("{}");
  });

  test("ends, and asks no other place, where the helper that is configured is missing [T62]", async () => {
    await using desk = await createDesk({ credsStore: "desk" });
    const ran = await desk.machine.run(login, "s3cret\n");
    expect(ran.status).toBe(13);
    expect(ran.stderr).toContain("OCI_CREDENTIALS_UNAVAILABLE");
    expect(await readFile(desk.config, "utf8")).toBe(JSON.stringify({ credsStore: "desk" }));
  });

  test("stores plain text only when told to, and says so", async () => {
    await using desk = await createDesk();
    const { machine } = desk;
    const refused = await machine.run(login, "s3cret\n");
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("--plain-text");
    expect(await readFile(desk.config, "utf8")).toBe("{}");
    const ran = await machine.run([...login, "--plain-text"], "s3cret\n");
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain(`${desk.config} in plain text`);
    expect(ran.stderr).not.toContain("s3cret");
    expect((await stat(desk.config)).mode & 0o777).toBe(0o600);
    expect((await machine.run(["dxf", "list-repos"])).status).toBe(0);
    await machine.must(["dxf", "logout"]);
    expect(JSON.parse(await readFile(desk.config, "utf8"))).toEqual({ auths: {} });
  });

  test.skipIf(await hasKeychain())("says clearly that there is no keychain where there is none", async () => {
    await using desk = await createDesk();
    const ran = await desk.machine.run([...login, "--keychain"], "s3cret\n");
    expect(ran.status).toBe(13);
    expect(ran.stderr).toMatch(/keychain[^]*OCI_CREDENTIALS_UNAVAILABLE/);
    expect(await readFile(desk.config, "utf8")).toBe("{}");
  });

  test("wants a password from somewhere", async () => {
    await using desk = await createDesk();
    expect((await desk.machine.run(["dxf", "login", "--username", "fred", "--plain-text"])).status).toBe(2);
    expect((await desk.machine.run(["dxf", "login", "--password-stdin", "--plain-text"], "x")).status).toBe(2);
    expect((await desk.machine.run([...login, "--plain-text"], "")).status).toBe(2);
    expect(desk.registry.requests).toEqual([]);
  });
});
