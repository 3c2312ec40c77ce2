/** Two machines on one registry: one pushes and hands over a record, the other one only refreshes. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { publishDemo, type Ran } from "./machine.ts";
import { useMachine } from "./use-machine.ts";

const repo = "fred/demo";
const machine = useMachine({ DTUF_HOST: "oci:registry" });
let now: Date;
const at = (name: string): string => join(machine.directory, name);
const advance = (days: number): void => {
  now = new Date(now.getTime() + days * 86_400_000);
};

/** The timer's state lies beside the pusher's. */
const timer = (...words: readonly string[]): Promise<Ran> => machine.run([...words, "--repositories-root", "timer"]);
const refresh = (...words: readonly string[]): Promise<Ran> => timer("refresh-metadata", repo, ...words);

beforeEach(async () => {
  now = new Date("2030-01-01T00:00:00Z");
  machine.now = () => now;
  await publishDemo(machine, repo, "Hello World\n");
  await machine.must(["push-metadata", repo, "--record-out", "demo.record"]);
  await machine.must(["get-root", repo, "--output", "root.json"]);
  await mkdir(at("timer/fred/demo/master/keys"), { recursive: true });
  for (const name of ["snapshot_key", "snapshot_key.pub", "timestamp_key", "timestamp_key.pub"]) {
    await cp(at(`dtuf_repos/fred/demo/master/keys/${name}`), at(`timer/fred/demo/master/keys/${name}`));
  }
});

/** What a refusal may not move: the record of the timer, and what is published. */
async function trusted(): Promise<readonly string[]> {
  const files = ["timer/fred/demo/master/record.json", "registry/fred/demo/index.json"];
  return Promise.all(files.map((file) => readFile(at(file), "utf8")));
}

async function expectRefusal(words: readonly string[], status: number, says: string): Promise<void> {
  const before = await trusted();
  const ran = await refresh(...words);
  expect(ran.stderr).toContain(says);
  expect(ran).toMatchObject({ status, stdout: "" });
  expect(await trusted()).toEqual(before);
}

test("a timer renews what the record names, exits with 10 when it is due soon, and refuses when it is due", async () => {
  expect(await timer("adopt-metadata", repo, "root.json", "--record", "demo.record")).toMatchObject({ status: 0 });
  expect(await refresh("--record", "demo.record")).toMatchObject({ status: 0 });
  const good = await timer("status", repo);
  expect(good).toMatchObject({ status: 0 });
  expect(good.stdout).toContain("the record is good until: 2030-01-15T00:00:00.000Z");
  advance(7);
  const soon = await refresh("--record", "demo.record");
  expect(soon.stderr).toContain("push-metadata with --record-out, where targets are pushed, makes a newer one");
  expect(soon).toMatchObject({ status: 10 });
  const status = await timer("status", repo, "--json");
  expect(JSON.parse(status.stdout)).toMatchObject({
    due: [],
    record: { until: "2030-01-15T00:00:00.000Z", state: "soon" },
  });
  expect(status).toMatchObject({ status: 10 });
  expect((await timer("status", repo)).stdout).toContain("due: a newer record: push-metadata with --record-out");
  advance(7);
  await expectRefusal(["--record", "demo.record"], 10, "(MASTER_RECORD_DUE)");
});

test("a push with nothing staged renews the record, whose lifetime can be told, and the older one is refused", async () => {
  await timer("adopt-metadata", repo, "root.json");
  machine.environment["DTUF_RECORD_LIFETIME"] = "3d";
  await machine.must(["push-metadata", repo]);
  await expectRefusal(["--record", "demo.record"], 6, "(MASTER_RECORD_MISMATCH)");
  const published = await machine.must(["publish", repo, "demo.txt", "--record-out", "demo.record"]);
  expect(published.stderr).toContain("wrote its record to demo.record: other machines may renew it until 2030-01-04");
  expect(await refresh("--record", "demo.record")).toMatchObject({ status: 0 });
  const pushed = await machine.must(["push-metadata", repo, "--record-out", "-"]);
  expect(JSON.parse(pushed.stdout)).toMatchObject({ signed: { until: "2030-01-04T00:00:00Z" } });
  expect(await machine.run(["push-metadata", repo, "--record-lifetime", "59m", "--record-out", "x"])).toMatchObject({
    status: 2,
  });
  await writeFile(at("stdin.record"), pushed.bytes);
  const words = ["refresh-metadata", repo, "--repositories-root", "timer", "--record", "-"];
  expect(await machine.run(words, pushed.bytes)).toMatchObject({ status: 0 });
  const both = await timer("adopt-metadata", repo, "-", "--record", "-");
  expect(both).toMatchObject({ status: 2 });
});

test("a record that is not there, too large, a link, a pipe or no record is a clear error", async () => {
  await timer("adopt-metadata", repo, "root.json");
  await symlink("demo.record", at("link"));
  execFileSync("mkfifo", [at("pipe")]);
  await writeFile(at("huge"), Buffer.alloc(131_073, " "));
  await writeFile(at("text"), "hello");
  await writeFile(at("empty"), "");
  const refusals = [
    ["none", 2, "--record: there is no file none"],
    ["huge", 8, "at most 131072 are allowed (FILE_TOO_LARGE)"],
    ["link", 8, "link is not a regular file (FILE_NOT_REGULAR)"],
    ["pipe", 8, "pipe is not a regular file (FILE_NOT_REGULAR)"],
    ["text", 6, "the record of a push: not strict JSON"],
    ["empty", 6, "the record of a push: not strict JSON"],
    ["root.json", 6, "the record is not signed by the targets keys"],
  ] as const;
  for (const [file, status, says] of refusals) await expectRefusal(["--record", file], status, says);
});

test("a record that cannot be written is said to be missing from a release that stands", async () => {
  await mkdir(at("directory"));
  const { stdout } = await machine.must(["status", repo, "--json"]);
  const failed = await machine.run(["push-metadata", repo, "--record-out", "directory"]);
  expect(failed).toMatchObject({ status: 8 });
  expect(failed.stderr).toContain("the release is published, but its record is not written: ");
  expect(failed.stderr).toContain("push-metadata with --record-out again makes a new one");
  const before = JSON.parse(stdout) as { versions: { snapshot: number } };
  const after = JSON.parse((await machine.must(["status", repo, "--json"])).stdout) as typeof before;
  expect(after.versions.snapshot).toBe(before.versions.snapshot + 1);
  await machine.must(["push-metadata", repo, "--record-out", "demo.record"]);
  expect(await timer("adopt-metadata", repo, "root.json", "--record", "demo.record")).toMatchObject({ status: 0 });
});

test("refresh-metadata renews another machine's snapshot with --snapshot alone, and takes a floor", async () => {
  await timer("adopt-metadata", repo, "root.json");
  await expectRefusal(["--expect-snapshot", ">=3"], 6, "(MASTER_BASE_UNEXPECTED)");
  await expectRefusal(["--expect-snapshot", ">2"], 6, "(MASTER_BASE_UNEXPECTED)");
  expect(await refresh("--expect-snapshot", ">=2")).toMatchObject({ status: 0 });
  advance(0.9);
  await refresh();
  const within = ["--within", "7d", "--json"];
  expect(JSON.parse((await refresh(...within)).stdout)).toMatchObject({ renewed: ["timestamp"] });
  const renewed = { renewed: ["snapshot", "timestamp"] };
  expect(JSON.parse((await refresh(...within, "--snapshot")).stdout)).toMatchObject(renewed);
});
