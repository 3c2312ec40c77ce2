/** The three verbs for the common day: init, publish, pull. */
import {
  chmod,
  cp,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMachine, type Machine } from "./machine.ts";

const repo = "fred/demo";
let publisher: Machine;
let client: Machine;

beforeEach(async () => {
  publisher = await createMachine();
  const where = { DTUF_HOST: `oci:${publisher.directory}/registry` };
  Object.assign(publisher.environment, where);
  client = await createMachine(where);
  await writeFile(join(publisher.directory, "demo.txt"), "Hello World\n");
});
afterEach(async () => {
  await publisher[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
});

async function handOver(): Promise<void> {
  await writeFile(join(client.directory, "root.json"), await readFile(join(publisher.directory, "root.json")));
}

test("a repository is made, published to and pulled from in three commands, and each says what it did", async () => {
  const made = await publisher.must(["init", repo]);
  expect(made.stderr).toMatch(/created the root key .*\n[^]*published release [12] of .*\n.*wrote root\.json/);
  const published = await publisher.must(["publish", repo, "demo.txt"]);
  expect(published.stderr).toMatch(
    /published release [23] of .*: 1 added, 0 changed, 0 removed; clients are served until/,
  );
  await handOver();
  const pulled = await client.must(["pull", repo, "--root", "root.json", "--output", "files"]);
  expect(pulled.stderr).toMatch(/wrote .*files.demo\.txt, 12 bytes, verified/);
  expect(await readFile(join(client.directory, "files/demo.txt"), "utf8")).toBe("Hello World\n");

  await writeFile(join(publisher.directory, "demo.txt"), "Hello again\n");
  await publisher.must(["publish", repo, "demo.txt"]);
  await client.must(["pull", repo, "demo.txt", "--output", "files"]);
  expect(await readFile(join(client.directory, "files/demo.txt"), "utf8")).toBe("Hello again\n");
});

test("push-metadata with nothing staged says that it only signs again, and what", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["push-target", repo, "demo.txt", "demo.txt"]);
  expect((await publisher.must(["push-metadata", repo])).stderr).not.toContain("nothing is staged");
  expect((await publisher.must(["push-metadata", repo])).stderr).toContain(
    "nothing is staged: targets, snapshot and timestamp are only signed again",
  );
});

test("an init that was cut after the keys goes on and makes no others", async () => {
  await publisher.must(["create-root-key", repo]);
  const key = join(publisher.directory, "dtuf_repos", repo, "master/keys/root_key.pub");
  const before = await readFile(key, "utf8");
  await publisher.must(["init", repo]);
  expect(await readFile(key, "utf8")).toBe(before);
  await rm(join(publisher.directory, "root.json"));
  const again = await publisher.must(["init", repo]);
  expect(again.stderr).not.toContain("published release");
  expect(await readdir(publisher.directory)).toContain("root.json");
});

test("init is refused where somebody else's repository is, and nothing there moves", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["publish", repo, "demo.txt"]);
  const other = await client.run(["init", repo]);
  expect([other.status, other.stderr]).toEqual([2, expect.stringContaining("adopt-metadata")]);
  await handOver();
  await client.must(["pull", repo, "demo.txt", "--root", "root.json"]);
});

test("publish is refused before anything is sent: a file that is missing, a directory, two files of one name", async () => {
  await publisher.must(["init", repo]);
  await mkdir(join(publisher.directory, "more"));
  await writeFile(join(publisher.directory, "more/demo.txt"), "another\n");
  for (const files of [["demo.txt", "none"], ["more"], ["demo.txt", "more/demo.txt"], ["a", "b", "--name", "c"]]) {
    expect((await publisher.run(["publish", repo, ...files])).status).toBe(2);
  }
  await publisher.must(["publish", repo, "more/demo.txt", "--name", "more.txt"]);
  expect((await publisher.must(["list-master-targets", repo])).stdout).toBe("more.txt\n");
});

test("pull without a root says that one is needed, and one missing target writes none", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["publish", repo, "demo.txt"]);
  expect((await client.run(["pull", repo])).stderr).toContain("COPY_NOT_PINNED");
  await handOver();
  const missing = await client.run(["pull", repo, "demo.txt", "none", "--root", "root.json", "--output", "files"]);
  expect(missing.status).toBe(3);
  expect(await readdir(client.directory)).not.toContain("files");
});

test("pull writes one named target to stdout or to a file, as pull-target does, and several into a directory alone", async () => {
  await publisher.must(["init", repo]);
  await writeFile(join(publisher.directory, "more.txt"), "more\n");
  await publisher.must(["publish", repo, "demo.txt", "more.txt"]);
  await handOver();
  expect((await client.must(["pull", repo, "demo.txt", "--root", "root.json", "--output", "-"])).stdout).toBe(
    "Hello World\n",
  );
  expect(await readdir(client.directory)).not.toContain("-");
  for (const verb of ["pull", "pull-target"]) {
    await client.must([verb, repo, "demo.txt", "--output", `${verb}.txt`]);
    expect(await readFile(join(client.directory, `${verb}.txt`), "utf8")).toBe("Hello World\n");
    await client.must([verb, repo, "demo.txt", "--output", `${verb}/`]);
    await client.must([verb, repo, "demo.txt", "more.txt", "--output", `${verb}-both`]);
    await client.must([verb, repo, "more.txt", "--output", verb]);
    for (const directory of [verb, `${verb}-both`]) {
      expect(await readdir(join(client.directory, directory))).toEqual(["demo.txt", "more.txt"]);
    }
    const refused = await client.run([verb, repo, "demo.txt", "more.txt", "--output", "root.json"]);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/--output: .*\(USAGE\)\n.*hint: /)]);
  }
  for (const names of [[], ["demo.txt", "more.txt"]]) {
    const refused = await client.run(["pull", repo, ...names, "--output", "-"]);
    expect([refused.status, refused.stdout, refused.stderr]).toEqual([2, "", expect.stringContaining("hint: ")]);
  }
});

test("a system call that fails where nothing looks at it is an error of local files, with its path", async () => {
  await publisher.must(["init", repo]);
  vi.stubEnv("TMPDIR", join(publisher.directory, "gone"));
  const failed = await publisher.run(["publish", repo, "-", "--name", "x"], "x\n");
  vi.unstubAllEnvs();
  expect([failed.status, failed.stderr]).toEqual([8, expect.stringMatching(/cannot mkdtemp .*gone.*\(FILE_IO\)/)]);
});

test("refresh-metadata reports with the --within that was given, as status does: exit 10 names the role that it left", async () => {
  await publisher.must(["init", repo]);
  await rm(join(publisher.directory, "dtuf_repos", repo, "master/keys/snapshot_key"));
  expect((await publisher.run(["status", repo, "--within", "10d"])).status).toBe(10);
  await publisher.must(["refresh-metadata", repo]);
  const left = await publisher.run(["refresh-metadata", repo, "--within", "10d"]);
  expect([left.status, left.stderr]).toEqual([10, expect.stringMatching(/snapshot expires at .* push-metadata/)]);
});

test("publish of what is published as it is makes no release and says so, unless something is due, staged or asked for", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["publish", repo, "demo.txt"]);
  const release = async (): Promise<string> =>
    / (\d+),/.exec((await publisher.run(["status", repo])).stdout)?.[1] ?? "no release";
  const before = await release();
  const idle = await publisher.must(["publish", repo, "demo.txt"]);
  expect(idle.stderr).toMatch(/nothing to publish: demo\.txt is unchanged .*push-metadata fred.demo renews/);
  expect(JSON.parse((await publisher.must(["publish", repo, "demo.txt", "--json"])).stdout)).toMatchObject({
    unchanged: ["demo.txt"],
  });
  expect(await release()).toBe(before);

  await writeFile(join(publisher.directory, "more.txt"), "more\n");
  const mixed = await publisher.must(["publish", repo, "demo.txt", "more.txt"]);
  expect(mixed.stderr).toContain("1 added, 0 changed, 0 removed, 1 unchanged");
  await publisher.must(["push-target", repo, "staged", "more.txt"]);
  expect((await publisher.must(["publish", repo, "demo.txt"])).stderr).toContain("1 added");
  const asked = await publisher.must(["publish", repo, "demo.txt", "--record-out", "record.json"]);
  expect(asked.stderr).toMatch(/renewed targets, snapshot, timestamp, 1 unchanged[^]*wrote its record/);
  publisher.now = () => new Date(Date.now() + 20 * 3_600_000);
  expect((await publisher.must(["publish", repo, "demo.txt"])).stderr).toMatch(/published release \d+/);
});

test("publish takes a file that another publisher changed meanwhile for changed, though it is what was signed here", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["publish", repo, "demo.txt"]);
  const other = join(publisher.directory, "other");
  await cp(join(publisher.directory, "dtuf_repos"), other, { recursive: true });
  await writeFile(join(publisher.directory, "changed"), "changed\n");
  await publisher.must(["publish", repo, "changed", "--name", "demo.txt", "--repositories-root", other]);
  expect((await publisher.must(["publish", repo, "demo.txt"])).stderr).toContain("0 added, 1 changed, 0 removed");
  await publisher.must(["refresh-metadata", repo, "--repositories-root", other]);
  expect((await publisher.must(["publish", repo, "demo.txt"])).stderr).toContain("renewed targets,");
  await handOver();
  expect((await client.must(["pull", repo, "demo.txt", "--root", "root.json", "--output", "-"])).stdout).toBe(
    "Hello World\n",
  );
});

test("publish and push-metadata take the same options of a push: --base, --expect-snapshot", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["publish", repo, "demo.txt"]);
  await writeFile(join(publisher.directory, "demo.txt"), "Hello again\n");
  for (const command of [
    ["publish", repo, "demo.txt"],
    ["push-metadata", repo],
  ]) {
    const unexpected = await publisher.run([...command, "--expect-snapshot", "99"]);
    expect([unexpected.status, unexpected.stderr]).toEqual([6, expect.stringContaining("MASTER_BASE_UNEXPECTED")]);
  }
  await rm(join(publisher.directory, "registry"), { recursive: true });
  await publisher.must(["publish", repo, "demo.txt", "--base", "recorded"]);
  await handOver();
  expect((await client.must(["pull", repo, "demo.txt", "--root", "root.json", "--output", "-"])).stdout).toBe(
    "Hello again\n",
  );
});

test("pull leaves a file alone that has the target's bytes, offline too, and replaces links, other bytes and shared files", async () => {
  await publisher.must(["init", repo]);
  await publisher.must(["publish", repo, "demo.txt"]);
  await handOver();
  const file = join(client.directory, "demo.txt");
  await client.must(["pull", repo, "--root", "root.json"]);
  await utimes(file, 1, 1);
  const idle = await client.must(["pull", repo, "--json"]);
  expect(idle.stderr).toMatch(/unchanged: .*demo\.txt, 12 bytes, verified/);
  expect(JSON.parse(idle.stdout)).toMatchObject({ targets: [{ path: "demo.txt", outcome: "unchanged" }] });
  expect((await stat(file)).mtimeMs).toBe(1000);
  await rename(join(publisher.directory, "registry"), join(publisher.directory, "gone"));
  expect((await client.must(["pull", repo, "--offline"])).stderr).toContain("unchanged: ");
  await rename(join(publisher.directory, "gone"), join(publisher.directory, "registry"));

  await writeFile(file, "Hullo World\n");
  expect((await client.must(["pull", repo])).stderr).toContain("wrote ");
  await link(file, join(client.directory, "linked"));
  expect((await client.must(["pull", repo])).stderr).toContain("wrote ");
  await rename(file, join(client.directory, "moved"));
  await symlink("moved", file);
  expect((await client.must(["pull", repo])).stderr).toContain("wrote ");
  expect((await lstat(file)).isFile()).toBe(true);
  await chmod(file, 0o666);
  expect((await client.must(["pull", repo])).stderr).toContain("wrote ");
  expect(await readFile(file, "utf8")).toBe("Hello World\n");
});
