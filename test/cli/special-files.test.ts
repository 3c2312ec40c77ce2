/** A pipe or a device in the place of a file that a command reads or writes: refused, not waited on, and left alone. */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" });
const at = (name: string): string => join(machine.directory, name);

beforeEach(async () => {
  // What a status says of the seconds that are left depends on the clock.
  const now = new Date();
  machine.now = () => now;
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await machine.must(["pin", repo, "root.json"]);
  execFileSync("mkfifo", [at("pipe")]);
  await symlink("pipe", at("link"));
});

test.each([
  ["push-blob", repo],
  ["push-metadata", repo, "--record-out"],
  ["pull-target", repo, "demo.txt", "--output"],
  ["pull", repo, "demo.txt", "--output"],
  ["get-root", repo, "--output"],
  ["sync", "oci:registry/fred/demo", "oci:copy", "--digestfile"],
  ["sync", "oci:registry/fred/demo", "oci:copy", "--report"],
])("%s %s %s: a pipe, or a link to one, is refused and stays", async (...words) => {
  const before = (await machine.must(["status", repo, "--json"])).stdout;
  for (const name of ["pipe", "link"]) {
    const ran = await machine.run([...words, name]);
    expect([2, 8]).toContain(ran.status);
    expect(ran.stderr).toMatch(/(?:is a device or a pipe; name a file|is not a regular file \(FILE_NOT_REGULAR\))/);
    expect((await stat(at(name))).isFIFO()).toBe(true);
  }
  expect((await machine.must(["status", repo, "--json"])).stdout).toBe(before);
});

test("a log file that is a pipe without a reader is not waited on, and the work goes on", async () => {
  const ran = await machine.run(["pull", repo, "--output", "files/", "--log-file", "pipe", "--file-log-level", "INFO"]);
  expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining("cannot write --log-file: ENXIO") });
  expect((await stat(at("files/demo.txt"))).isFile()).toBe(true);
});

const closed = ["--host", "127.0.0.1:1"];
const sync = ["sync", "docker://127.0.0.1:1/a/b:c", "dir:copy"];

test.each([
  ["--registry-config", "dxf", "list-repos", ...closed, "--registry-config", "pipe"],
  ["--ca-file", "dxf", "list-repos", ...closed, "--ca-file", "pipe"],
  ["--ca-file /dev/zero", "dxf", "list-repos", ...closed, "--ca-file", "/dev/zero"],
  ["--key-file", "dxf", "list-repos", ...closed, "--cert-file", "pipe", "--key-file", "pipe"],
  ["--authfile", ...sync, "--authfile", "pipe"],
  ["--src-cert-dir", ...sync, "--src-cert-dir", "certs"],
])("credentials and certificates, %s: a pipe or a device is refused and not waited on", async (_what, ...words) => {
  await mkdir(at("certs"));
  execFileSync("mkfifo", [at("certs/ca.crt")]);
  const ran = await machine.run(words);
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).toMatch(/is not a regular file|is a device or a pipe; name a file/);
});

test.each(["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "REQUESTS_CA_BUNDLE"])(
  "credentials and certificates, %s: a pipe is refused and not waited on",
  async (name) => {
    await mkdir(at("docker"));
    execFileSync("mkfifo", [at("docker/config.json")]);
    machine.environment = { ...machine.environment, [name]: at(name === "DOCKER_CONFIG" ? "docker" : "pipe") };
    const ran = await machine.run(["dxf", "list-repos", ...closed]);
    expect(ran.stderr).toContain("is not a regular file");
  },
);

const state = "dtuf_repos/fred/demo";

test.each([
  ["push-metadata", repo, "--record-out", `${state}/master/record.json`],
  ["push-metadata", repo, "--record-out", `${state}/master/keys/root_key`],
  ["push-metadata", repo, "--log-file", `${state}/master/record.json`],
  ["push-metadata", repo, "--log-file", `${state}/master/keys/dtuf.log`],
  ["pull-metadata", repo, "--log-file", `${state}/copy/state.json`],
  ["pull-metadata", repo, "--log-file", "linked/new.log"],
  ["pull-metadata", repo, "--log-file", "link.log"],
  ["pull-metadata", repo, "--cache-if-valid", "--json", "--log-file", "link.log"],
  ["get-root", repo, "--output", `${state}/master/keys/root_key`],
  ["get-root", repo, "--output", `${state}/master/keys/new`],
  ["pull-target", repo, "demo.txt", "--output", `${state}/copy/state.json`],
  ["pull-target", repo, "demo.txt", "--output", "linked/state.json"],
  ["pull", repo, "--output", `${state}/copy/`],
])("%s %s %s %s %s: no file of a command lies among keys or state, which stay", async (...words) => {
  await symlink(`${state}/copy`, at("linked"));
  await symlink(`${state}/copy/pin.json`, at("link.log"));
  const files = async (): Promise<unknown> => {
    const found = await readdir(at(state), { recursive: true, withFileTypes: true });
    const plain = found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return Promise.all(plain.toSorted().map(async (path) => [path, await readFile(path, "hex")]));
  };
  const before = await files();
  const ran = await machine.run(words.filter((word) => word !== undefined));
  expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining("which holds keys or state") as string });
  expect(await files()).toEqual(before);
});

test("a file that is no archive, in the place of one, is refused by export and stays, and nothing is left beside it", async () => {
  await writeFile(at("x.tar"), "no archive");
  const before = await readdir(machine.directory);
  const ran = await machine.run(["export", repo, "x.tar", "--root", "root.json"]);
  expect(ran.status).not.toBe(0);
  expect(await readdir(machine.directory)).toEqual(before);
  expect(await readFile(at("x.tar"), "utf8")).toBe("no archive");
});

test("status --json says what to do next, as its text does", async () => {
  await rename(at("registry"), at("gone"));
  const { stdout } = await machine.run(["status", repo]);
  const next = /^next:? +(.*)$/m.exec(stdout)?.[1];
  expect(next).toContain("dtuf push-metadata fred/demo --base recorded");
  expect(JSON.parse((await machine.run(["status", repo, "--json"])).stdout)).toMatchObject({
    registry: "absent",
    next,
  });
});
