/** A repository is carried to another registry, and its publisher goes on there with the state and keys that it has. */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createMachine, publishDemo, type Machine } from "./machine.ts";

const repo = "fred/demo";
const toNew = ["adopt-metadata", repo, "--move", "--host", "oci:new"];

async function createPublisher(): Promise<Machine> {
  const machine = await createMachine({ DTUF_HOST: "oci:old" });
  await publishDemo(machine, repo, "one");
  await machine.must(["get-root", repo, "--output", "root.json"]);
  return machine;
}

function carry(machine: Machine): Promise<unknown> {
  return machine.must(["sync", "--tuf", "root.json", `oci:old/${repo}`, `oci:new/${repo}`]);
}

function readRecord({ directory }: Machine): Promise<string> {
  return readFile(join(directory, "dtuf_repos", repo, "master", "record.json"), "utf8");
}

test("after sync --tuf the state moves by the command that the error names, and clients follow with the pin they have", async () => {
  await using machine = await createPublisher();
  await machine.must(["pull-metadata", repo, "root.json"]);
  const stopped = await machine.run(["push-metadata", repo, "--host", "oci:new"]);
  expect([stopped.status, stopped.stderr]).toEqual([2, expect.stringMatching(/MASTER_PLACE_DIFFERS[^]*sync --tuf/)]);
  expect(stopped.stderr).toMatch(/hint: .*dtuf adopt-metadata \S+ --move/);
  await carry(machine);
  expect((await machine.must(toNew)).stderr).toMatch(/publishes to oci:.*new.fred.demo from now on/);

  machine.environment["DTUF_HOST"] = "oci:new";
  await writeFile(join(machine.directory, "demo.txt"), "two");
  await machine.must(["publish", repo, "demo.txt"]);
  expect((await machine.must(["status", repo])).stdout).toContain("registry: as recorded here");
  expect((await machine.must(["pull-target", repo, "demo.txt"])).stdout).toBe("two");
  expect((await machine.run(["push-metadata", repo, "--host", "oci:old"])).status).toBe(2);
});

test.for([
  ["nothing", 3, "MASTER_METADATA_UNAVAILABLE", async () => {}],
  [
    "an older release",
    6,
    "TUF_ROLLBACK",
    async (machine: Machine) => {
      await carry(machine);
      await machine.must(["push-metadata", repo]);
    },
  ],
  [
    "another chain of roots",
    6,
    "MASTER_CHAIN_DIFFERS",
    async ({ directory }: Machine) => {
      await using stranger = await createMachine({ DTUF_HOST: "oci:new" });
      await publishDemo(stranger, repo, "theirs");
      await cp(join(stranger.directory, "new"), join(directory, "new"), { recursive: true });
    },
  ],
  [
    "a release without its targets' blobs",
    3,
    "OCI_NOT_FOUND",
    async (machine: Machine) => {
      await carry(machine);
      const blobs = join(machine.directory, "new", repo, "blobs", "sha256");
      for (const name of await readdir(blobs)) {
        if ((await readFile(join(blobs, name), "utf8")) === "one") await rm(join(blobs, name));
      }
    },
  ],
] as const)("a place that has %s is refused, and the state stays where it was", async ([, status, code, prepare]) => {
  await using machine = await createPublisher();
  await prepare(machine);
  const before = await readRecord(machine);
  const refused = await machine.run(toNew);
  expect([refused.status, refused.stderr]).toEqual([status, expect.stringContaining(code)]);
  expect(await readRecord(machine)).toBe(before);
  await machine.must(["push-metadata", repo]);
});

test("a first host that was mistyped is mended before anything was published", async () => {
  await using machine = await createMachine({ DTUF_HOST: "oci:tpyo" });
  await machine.must(["create-root-key", repo]);
  await machine.must(["create-metadata-keys", repo]);
  await machine.must(["create-metadata", repo]);
  await machine.must(toNew);
  await machine.must(["push-metadata", repo, "--host", "oci:new"]);
  expect(await readdir(machine.directory)).not.toContain("tpyo");
});

test("adopt-metadata wants a root.json or --move, and not both", async () => {
  await using machine = await createPublisher();
  for (const words of [["root.json", "--move"], ["--move", "--record", "r"], []]) {
    expect((await machine.run(["adopt-metadata", repo, ...words])).status).toBe(2);
  }
});
