/** `-` is stdin or stdout for each argument of each command that names a file. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { commands } from "../../packages/cli/src/table.ts";
import { publishDemo, type Ran } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" }, "all tests");
let root: Buffer;

beforeAll(async () => {
  await publishDemo(machine, repo, "Hello World\n");
  root = (await machine.must(["get-root", repo, "--output", "-"])).bytes;
  await machine.must(["get-root", repo, "--output", "root.json"]);
});

const json = (ran: Ran): unknown => JSON.parse(ran.stdout);
const refused = (ran: Ran): void => {
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).not.toMatch(/there is no file|ENOENT/);
};

/** By the command's name and the argument. */
const stories: Readonly<Record<string, () => Promise<void>>> = {
  "agent <config.json|->": async () => {
    const install = { kind: "file", path: "installed" };
    const settings = JSON.stringify({ repository: repo, name: "app", directory: "agent", install });
    expect(json(await machine.must(["agent", "status", "-", "--json"], settings))).toMatchObject({ name: "app" });
    const driven = await machine.run(["agent", "run", "-", "--jsonl"], settings);
    expect([driven.status, driven.stderr]).toEqual([2, expect.stringContaining("stdin is for commands")]);
  },
  "push-targets <directory|file...>": async () => {
    const refused = await machine.run(["push-targets", repo, "-"], "abc");
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("hint: push it with push-target")]);
  },
  "push-target [file|@target...]": async () => {
    expect(json(await machine.must(["push-target", repo, "piped", "-", "--json"], "abc"))).toMatchObject({ length: 3 });
    const joined = await machine.must(["push-target", repo, "joined", "-", "demo.txt", "--json"], "abc");
    expect(json(joined)).toMatchObject({ length: 15 });
    await machine.must(["unstage-target", repo]);
    expect((await machine.run(["push-target", repo, "twice", "-", "-"], "abc")).status).toBe(2);
  },
  "release <file...>": async () => {
    await machine.must(["release", repo, "app", "1.0.0", "-"], "abc");
    await machine.must(["unstage-target", repo]);
  },
  "publish <file...>": async () => {
    await machine.must(["publish", repo, "-", "--name", "published"], "abc");
    expect(await machine.run(["publish", repo, "-"], "abc")).toMatchObject({ status: 2, stdout: "" });
    await machine.must(["pull-metadata", repo, "root.json", "--repositories-root", "piped"]);
    expect((await machine.must(["pull-target", repo, "published", "--repositories-root", "piped"])).stdout).toBe("abc");
  },
  "adopt-metadata [root.json|chain.json|-]": async () => {
    await machine.must(["adopt-metadata", repo, "-", "--repositories-root", "adopted"], root);
  },
  "pin <root.json|chain.json|->": async () => {
    await machine.must(["pin", repo, "-", "--repositories-root", "pinned"], root);
  },
  "pull-metadata [root.json|chain.json|root-key.pub|-...]": async () => {
    await machine.must(["pull-metadata", repo, "-"], root);
  },
  "check-target <file...>": async () => {
    await machine.must(["check-target", repo, "demo.txt", "-"], "Hello World\n");
    refused(await machine.run(["check-target", repo, "demo.txt", "-"], "Hello world\n"));
  },
  "delegate-role [metadata.json|-]": async () => {
    refused(
      await machine.run(["delegate-role", repo, "role", "-", "--path", "x", "--key", "root.json"], "no metadata"),
    );
  },
  "update-role <metadata.json|->": async () => {
    refused(await machine.run(["update-role", repo, "role", "-"], "no metadata"));
  },
  "sign-file <file>": async () => {
    const ran = await machine.run(["sign-file", "-", "--yes"], "a request");
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("so it must be one")]);
  },
  "create-key <file>": async () => {
    refused(await machine.run(["create-key", "-"]));
  },
  "add-key <key.pub|uri>": async () => {
    await machine.must(["create-key", "alice", "--signers-file", "signers.json"]);
    const pem = await readFile(join(machine.directory, "alice.pub"));
    await machine.must(["add-key", repo, "targets", "-"], pem);
    await machine.must(["unstage-target", repo]);
  },
  "push-blob <file>": async () => {
    const { stdout } = await machine.must(["push-blob", repo, "-", "@piped"], "abc");
    expect((await machine.must(["pull-blob", repo, stdout.trim()])).stdout).toBe("abc");
  },
  "set-alias <digest|./file...>": async () => {
    await machine.must(["set-alias", repo, "again", "-"], "abc");
    expect((await machine.must(["pull-blob", repo, "@again"])).stdout).toBe("abc");
  },
  "export <file>": async () => {
    const ran = await machine.must(["export", repo, "-", "--tuf", "root.json"]);
    expect(ran.bytes.subarray(0, 10).toString()).toBe("oci-layout");
    expect(ran.stderr).toContain("; valid until ");
    expect(await machine.run(["export", repo, "-", "--tuf", "root.json", "--json"])).toMatchObject({
      status: 2,
      stdout: "",
    });
  },
  "import <file>": async () => {
    const { bytes } = await machine.must(["export", repo, "-", "--tuf", "root.json"]);
    await machine.must(["import", "-", "oci:imported", "--tuf", "root.json"], bytes);
    await machine.must(["pull-metadata", "oci:imported", "-"], root);
    expect((await machine.must(["pull-target", "oci:imported", "demo.txt"])).stdout).toBe("Hello World\n");
    const bad = await machine.run(["import", "-", "oci:other", "--tuf", "root.json"], "no archive".repeat(100));
    expect(bad.stderr).toContain("stdin is not an archive of an OCI layout");
    expect(bad.status).toBe(6);
  },
};

const named = commands.flatMap(({ name, arguments: words }) =>
  [...words.matchAll(/[<[][^>\]]*(?:file|\.json|\.pub)[^>\]]*[>\]]/g)].map(([argument]) => `${name} ${argument}`),
);

test("every argument that names a file has its story", () => {
  expect(Object.keys(stories).toSorted()).toEqual(named.toSorted());
});

test.each(named)("%s", async (name) => {
  expect.hasAssertions();
  await stories[name]?.();
  expect(await readdir(machine.directory)).not.toContain("-");
});

test("sync reads an archive from stdin, and does not mix one with its lines", async () => {
  const { bytes } = await machine.must(["export", repo, "-", "--tuf", "root.json"]);
  await machine.must(["sync", "oci-archive:-:latest", "oci:synced"], bytes);
  expect(await machine.run(["sync", "oci:synced", "oci-archive:-"])).toMatchObject({ status: 2, stdout: "" });
});

test("a list and a pinned root come from stdin, and what no data is does not", async () => {
  const list = await machine.run(["sync", "--source-yaml", "-", "oci:x"], "a.example: {wrong: 1}");
  expect(list.stderr).toContain("-:1: unknown key a.example: wrong");
  await machine.must(["export", repo, "from-stdin.tar", "--tuf", "-"], root);
  for (const setting of ["report", "digestfile", "ca-file", "authfile"]) {
    const ran = await machine.run(["sync", "oci:synced", "oci:y", `--${setting}`, "-"]);
    expect(ran).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`--${setting}: wanted a file; got -`) as string,
    });
  }
});
