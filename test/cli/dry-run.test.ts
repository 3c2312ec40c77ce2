/** `--dry-run` says what would be done and changes nothing: no request but reads, and no file of the state. */
import { createHash } from "node:crypto";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { commands } from "../../packages/cli/src/table.ts";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const repo = "fred/demo";
const { machine, registry } = useMachineAndRegistry();
let now: Date;

/** Something is staged, proposed and superseded, so that every command has something to do. */
beforeEach(async () => {
  now = new Date("2030-01-01T00:00:00Z");
  machine.now = () => now;
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["del-target", repo, "demo.txt"]);
  await writeFile(join(machine.directory, "other.txt"), "other");
  await machine.must(["push-target", repo, "other.txt", "other.txt"]);
  await machine.must(["push-metadata", repo]);
  for (let day = 0; day < 4; day++) {
    now = new Date(now.getTime() + 86_400_000 - 1000);
    await machine.must(["refresh-metadata", repo]);
  }
  await writeFile(join(machine.directory, "blob.txt"), "blob");
  await machine.must(["push-blob", repo, "blob.txt", "@alias"]);
  await machine.must(["push-target", repo, "new.txt", "demo.txt"]);
  await machine.must(["set-threshold", repo, "targets", "1"]);
  await machine.must(["propose", repo, "release"]);
  await machine.must(["get-root", repo, "--output", "root.json"]);
});
/** Every file below the machine's directory, with the hash of its content. */
async function files(): Promise<readonly string[]> {
  const found = await readdir(machine.directory, { recursive: true, withFileTypes: true });
  const names = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const hash = async (name: string): Promise<string> =>
    `${name} ${createHash("sha256")
      .update(await readFile(name))
      .digest("hex")}`;
  return (await Promise.all(names.map(hash))).toSorted((a, b) => (a < b ? -1 : 1));
}

const trials: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [["push-metadata", repo], /would publish release 7 of .*: 1 added, 0 changed, 0 removed/],
  [["refresh-metadata", repo], /would publish release 7 of .*: renewed timestamp/],
  [["publish", repo, "demo.txt"], /would publish at .*: 2 targets changed, 0 unchanged/],
  [["push-targets", repo, "demo.txt"], /would stage 1 target/],
  [["accept", repo, "release"], /would publish release 7 of .*: 1 added/],
  [["prune", repo], /would delete [1-9][0-9]* manifests and [1-9][0-9]* blobs/],
  [["del-blob", repo, "@alias"], /would delete 1 blob/],
  [["del-alias", repo, "alias"], /nothing is deleted/],
  [["sync", "--tuf", "root.json", `HOST/${repo}`, "HOST/fred/copy"], /would|dry/],
];

describe.each(trials)("%j --dry-run", (words, says) => {
  test("says what would be done, sends no request but GET and HEAD, and changes no file", async () => {
    const before = await files();
    const sent = registry.requests.length;
    const filled = words.map((word) => word.replace("HOST", registry.host));
    const ran = await machine.must([...filled, "--dry-run"]);
    expect(`${ran.stdout}${ran.stderr}`).toMatch(says);
    const methods = registry.requests.slice(sent).map(({ method }) => method);
    expect(methods.filter((method) => method !== "GET" && method !== "HEAD")).toEqual([]);
    expect(await files()).toEqual(before);
  });
});

test("rollback-release --dry-run sends no request but GET and HEAD, and changes no file", async () => {
  await machine.must(["unstage-target", repo]);
  const before = await files();
  const sent = registry.requests.length;
  const ran = await machine.must(["rollback-release", repo, "1", "--dry-run"]);
  expect(ran.stdout).toMatch(/^add demo\.txt, 12 bytes, sha256 [0-9a-f]{64}\ndelete other\.txt\n$/);
  const methods = registry.requests.slice(sent).map(({ method }) => method);
  expect(methods.filter((method) => method !== "GET" && method !== "HEAD")).toEqual([]);
  expect(await files()).toEqual(before);
});

/** What a command learns from the registry, it would save. */
test.each([
  ["push-metadata", repo],
  ["refresh-metadata", repo],
  ["accept", repo, "release"],
  ["prune", repo],
])("%s --dry-run changes no file if another machine has published since", async (...words) => {
  await cp(join(machine.directory, "dtuf_repos"), join(machine.directory, "other"), { recursive: true });
  await machine.must(["refresh-metadata", repo, "--repositories-root", "other"]);
  await expectNoEffect([...words, "--dry-run"]);
});

test("diff changes no file if another machine has published since", async () => {
  await cp(join(machine.directory, "dtuf_repos"), join(machine.directory, "other"), { recursive: true });
  await machine.must(["refresh-metadata", repo, "--repositories-root", "other"]);
  await expectNoEffect(["diff", repo]);
});

test("push-metadata --dry-run does not complete a run that was cut after the switch", async () => {
  machine.environment = { ...machine.environment, DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
  await machine.must(["create-key", "dora"]);
  await machine.must(["delegate-role", repo, "tools", "--path", "tools/*", "--key", "dora.pub"]);
  const secondTag = /\/manifests\/tools$/;
  registry.script({ match: { method: "PUT", path: secondTag }, fault: { kind: "answer", status: 400 } });
  expect((await machine.run(["push-metadata", repo])).status).not.toBe(0);
  registry.clearScript();
  await expectNoEffect(["push-metadata", repo, "--dry-run"]);
  const sent = registry.requests.length;
  await machine.must(["push-metadata", repo]);
  const completed = registry.requests
    .slice(sent)
    .filter(({ method, path }) => method === "PUT" && secondTag.test(path));
  expect(completed.length).toBeGreaterThan(0);
});

async function expectNoEffect(words: readonly string[]): Promise<void> {
  const before = await files();
  const sent = registry.requests.length;
  await machine.must(words);
  const methods = registry.requests.slice(sent).map(({ method }) => method);
  expect(methods.filter((method) => method !== "GET" && method !== "HEAD")).toEqual([]);
  expect(await files()).toEqual(before);
}

test("every command that takes --dry-run is tried here", () => {
  const taking = commands.filter(({ settings }) => settings.includes("dry-run")).map(({ name }) => name);
  // They are sync with an archive.
  const carrying = ["export", "import"];
  const tried = new Set([...trials.map(([[name]]) => name), "rollback-release", ...carrying]);
  expect(taking.filter((name) => !tried.has(name))).toEqual([]);
});

test.each([
  [["push-metadata", repo], "MASTER_ROLE_EXPIRED"],
  [["refresh-metadata", repo, "--expect-snapshot", "99"], "MASTER_BASE_UNEXPECTED"],
])("%j --dry-run refuses what the command itself would refuse", async (words, code) => {
  if (code === "MASTER_ROLE_EXPIRED") now = new Date("2040-01-01T00:00:00Z");
  const before = await files();
  const dry = await machine.run([...words, "--dry-run"]);
  expect(await files()).toEqual(before);
  const real = await machine.run(words);
  expect(dry.stderr).toContain(code);
  expect(real.stderr).toContain(code);
  expect(dry.status).toBe(real.status);
});

test("what --dry-run says is what the command then does", async () => {
  const preview = JSON.parse((await machine.must(["push-metadata", repo, "--dry-run", "--json"])).stdout) as object;
  const done = JSON.parse((await machine.must(["push-metadata", repo, "--json"])).stdout) as Record<string, unknown>;
  const { dryRun, ...said } = preview as Record<string, unknown>;
  expect(dryRun).toBe(true);
  expect(done).toMatchObject(said);
  now = new Date(now.getTime() + 86_400_000);
  const counts = JSON.parse((await machine.must(["prune", repo, "--dry-run", "--json"])).stdout) as object;
  expect(JSON.parse((await machine.must(["prune", repo, "--json"])).stdout)).toEqual(counts);
});

describe("diff", () => {
  test("shows targets with sizes, keys by owner, thresholds and periods, staged against published, and needs no key", async () => {
    machine.environment = { ...machine.environment, DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
    await machine.must(["create-key", "alice"]);
    await machine.must(["add-key", repo, "targets", "alice.pub", "--owner", "alice"]);
    await machine.must(["set-threshold", repo, "targets", "2"]);
    await machine.must(["del-target", repo, "other.txt"]);
    await machine.must(["set-periods", repo, "timestamp", "7", "3"]);
    const keys = join(machine.directory, "dtuf_repos", repo, "master", "keys");
    for (const name of await readdir(keys)) if (name.endsWith("_key")) await writeFile(join(keys, name), "");
    const { stdout } = await machine.must(["diff", repo]);
    expect(stdout).toMatch(/^root: version 1 -> 2, expires 2031/m);
    expect(stdout).toMatch(/^keys of targets: in [0-9a-f]{64} of alice$/m);
    expect(stdout).toMatch(/^keys of targets: threshold 1 -> 2$/m);
    expect(stdout).toMatch(/^timestamp: periods of each machine -> valid for 7 days, due 3 before the end$/m);
    expect(stdout).not.toContain("other fields");
    expect(stdout).toMatch(/^targets: add new.txt, 12 bytes, sha256 /m);
    expect(stdout).toMatch(/^targets: delete other.txt, 5 bytes$/m);
    const json = JSON.parse((await machine.must(["diff", repo, "--json"])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({
      place: `${registry.host}/${repo}`,
      targets: [
        { path: "new.txt", change: "add", size: { after: 12 } },
        { path: "other.txt", change: "delete", size: { before: 5 } },
      ],
      trust: [{ role: "targets", keysIn: [{ owner: "alice" }], threshold: { before: 1, after: 2 } }],
    });
  });

  test("says that nothing is staged once it is published", async () => {
    await machine.must(["push-metadata", repo]);
    expect(await machine.must(["diff", repo])).toMatchObject({ stdout: "", stderr: "dtuf: nothing is staged\n" });
  });

  test("of a delegated role shows what a delegate staged in it", async () => {
    machine.environment = { ...machine.environment, DTUF_KEY_PASSWORD: "", DTUF_SIGNERS_FILE: "signers.json" };
    await machine.must(["create-key", "dora"]);
    await machine.must(["delegate-role", repo, "tools", "--path", "tools/*", "--key", "dora.pub"]);
    expect((await machine.must(["diff", repo])).stdout).toMatch(
      /^new delegation to tools, by targets: in [0-9a-f]{64}$/m,
    );
    await machine.must(["push-metadata", repo]);
    await machine.must(["push-target", repo, "tools/hammer", "demo.txt", "--role", "tools"]);
    expect((await machine.must(["diff", repo, "--role", "tools"])).stdout).toMatch(
      /^tools: version 1 -> 2, expires .*\ntools: add tools\/hammer, 12 bytes, sha256 [0-9a-f]{64}\n$/,
    );
  });

  test("of a repository that is not published yet shows all that would be", async () => {
    await machine.must(["create-root-key", "fred/new"]);
    await machine.must(["create-metadata-keys", "fred/new"]);
    await machine.must(["create-metadata", "fred/new"]);
    await machine.must(["push-target", "fred/new", "a", "demo.txt"]);
    const { stdout } = await machine.must(["diff", "fred/new"]);
    expect(stdout).toMatch(/^root: version new 1, expires/m);
    expect(stdout).toMatch(/^targets: add a, 12 bytes/m);
  });
});
