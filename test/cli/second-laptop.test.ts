/** What a publisher is told: on a machine that is new, beside other publishers, and by a timer. */
import { cp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMachine, publishDemo, type Machine, type Ran } from "./machine.ts";

const repo = "fred/demo";
const dayMs = 86_400_000;

async function createLaptop(publisher: Machine): Promise<Machine> {
  const laptop = await createMachine({ DTUF_HOST: `oci:${publisher.directory}/registry` });
  laptop.now = () => publisher.now();
  return laptop;
}

async function createPublisher(): Promise<Machine> {
  const publisher = await createMachine();
  publisher.environment["DTUF_HOST"] = `oci:${publisher.directory}/registry`;
  const now = new Date("2030-01-01");
  publisher.now = () => now;
  await publishDemo(publisher, repo, "hello\n");
  return publisher;
}

function advance(machine: Machine, ms: number): void {
  const now = new Date(machine.now().getTime() + ms);
  machine.now = () => now;
}

async function makeStranger(laptop: Machine): Promise<void> {
  await laptop.must(["create-root-key", repo]);
  await laptop.must(["create-metadata-keys", repo]);
  await laptop.must(["create-metadata", repo, "--replace-repository"]);
}

describe("a second laptop", () => {
  test("is sent to adopt-metadata by status and by create-metadata, and does as it is told", async () => {
    await using publisher = await createPublisher();
    await using laptop = await createLaptop(publisher);
    const status = await laptop.run(["status", repo]);
    expect([status.status, status.stderr]).toEqual([3, expect.stringMatching(/hint: dtuf adopt-metadata/)]);
    await laptop.must(["create-root-key", repo]);
    await laptop.must(["create-metadata-keys", repo]);
    const created = await laptop.run(["create-metadata", repo]);
    expect([created.status, created.stderr]).toEqual([2, expect.stringMatching(/EXISTS[^]*hint: dtuf adopt-metadata/)]);
    const root = (await publisher.must(["get-root", repo])).bytes;
    await laptop.must(["adopt-metadata", repo, "-"], root);
    expect((await laptop.must(["list-master-targets", repo])).stdout).toBe("demo.txt\n");
  });

  test("refreshes the timestamp as soon as the key file lies in the directory that adopt-metadata names", async () => {
    await using publisher = await createPublisher();
    await using timer = await createLaptop(publisher);
    const root = (await publisher.must(["get-root", repo])).bytes;
    const adopted = await timer.must(["adopt-metadata", repo, "-"], root);
    const keys = / go into ([^;]*);/.exec(adopted.stderr)?.[1] ?? "";
    expect((await timer.run(["refresh-metadata", repo])).stderr).toContain("MASTER_KEYS_MISSING");
    await cp(
      join(publisher.directory, "dtuf_repos", repo, "master", "keys", "timestamp_key"),
      join(keys, "timestamp_key"),
    );
    expect((await timer.must(["refresh-metadata", repo])).stderr).toContain("renewed timestamp");
  });

  test("needs --replace-repository to put another chain of roots in the place of what is published, and is told what it did", async () => {
    await using publisher = await createPublisher();
    await using laptop = await createLaptop(publisher);
    await makeStranger(laptop);
    await writeFile(join(laptop.directory, "b.txt"), "b\n");
    await laptop.must(["push-target", repo, "b.txt", "b.txt"]);
    for (const base of ["published", "recorded"]) {
      const refused = await laptop.run(["push-metadata", repo, "--base", base]);
      expect([refused.status, refused.stderr]).toEqual([
        6,
        expect.stringMatching(/MASTER_CHAIN_DIFFERS[^]*--replace-repository/),
      ]);
    }
    expect((await publisher.must(["status", repo])).stdout).toContain("registry: as recorded here");
    const replaced = await laptop.must(["push-metadata", repo, "--replace-repository"]);
    expect(replaced.stderr).toMatch(/record was published over sha256:[0-9a-f]{64}, of which nothing was taken over/);
    expect(replaced.stderr).not.toContain("made again");
    const status = await publisher.run(["status", repo]);
    expect([status.status, status.stdout]).toEqual([
      6,
      expect.stringMatching(/^published from here: .*\nregistry: another chain of roots/m),
    ]);
  });
});

test("a runner without state renews after a missed refresh, with the snapshot that the push and status named", async () => {
  await using publisher = await createPublisher();
  const pushed = (await publisher.must(["push-metadata", repo])).stderr;
  const [, snapshot = ""] = /published release \d+ of .*, snapshot (\d+):/.exec(pushed) ?? [];
  advance(publisher, 2 * dayMs);
  await using runner = await createLaptop(publisher);
  const root = (await publisher.must(["get-root", repo])).bytes;
  const adopt = (...words: string[]): Promise<Ran> => runner.run(["adopt-metadata", repo, "-", ...words], root);
  const stopped = await adopt();
  expect([stopped.status, stopped.stderr]).toEqual([7, expect.stringMatching(/MASTER_BASE_EXPIRED[^]*dtuf status/)]);
  expect((await adopt("--expect-snapshot", `${Number(snapshot) + 1}`)).status).toBe(6);
  const said = await publisher.run(["status", repo]);
  expect([said.status, said.stdout]).toEqual([7, expect.stringContaining(`, snapshot ${snapshot}\n`)]);
  expect((await adopt("--expect-snapshot", snapshot)).status).toBe(0);
  const keys = ["dtuf_repos", repo, "master", "keys", "timestamp_key"];
  for (const half of ["", ".pub"]) {
    await cp(join(publisher.directory, ...keys) + half, join(runner.directory, ...keys) + half);
  }
  await runner.must(["refresh-metadata", repo]);
  await runner.must(["pin", repo, "-"], root);
  expect((await runner.must(["pull-target", repo, "demo.txt"])).stdout).toBe("hello\n");
});

describe("status", () => {
  test("exits 0, 10 and 7 by what is published, with the snapshot's number and until when clients are served", async () => {
    await using publisher = await createPublisher();
    const healthy = await publisher.must(["status", repo]);
    expect(healthy.stdout).toContain("published: release 1, snapshot 1\n");
    expect(healthy.stdout).toContain("clients are served until: 2030-01-02T00:00:00.000Z\n");
    advance(publisher, 0.75 * dayMs);
    const due = await publisher.run(["status", repo]);
    expect([due.status, due.stdout]).toEqual([10, expect.stringMatching(/due: timestamp expires .*refresh-metadata/)]);
    advance(publisher, dayMs);
    const expired = await publisher.run(["status", repo]);
    expect([expired.status, expired.stdout]).toEqual([7, expect.stringMatching(/due: timestamp expired/)]);
    expect(expired.stdout).toContain("\nclients: Clients refuse what is published.\n");
    expect(expired.stdout).toContain("\nclients were served until: 2030-01-02T00:00:00.000Z\n");
    await publisher.must(["refresh-metadata", repo]);
    await publisher.must(["status", repo]);
  });

  test("exits 7 where another publisher of this chain let what it published expire", async () => {
    await using publisher = await createPublisher();
    await using laptop = await createLaptop(publisher);
    await cp(join(publisher.directory, "dtuf_repos"), join(laptop.directory, "dtuf_repos"), { recursive: true });
    await laptop.must(["refresh-metadata", repo, "--timestamp-lifetime", "60s"]);
    expect((await publisher.run(["status", repo])).stdout).toContain(
      "registry: newer: another machine of this repository has refreshed or published since\n",
    );
    advance(publisher, 61_000);
    expect((await publisher.run(["status", repo])).status).toBe(7);
  });

  test("with --offline, and create-metadata with --offline, open no socket", async () => {
    await using machine = await createMachine();
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      machine.environment["DTUF_HOST"] = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      await machine.must(["create-root-key", repo]);
      await machine.must(["create-metadata-keys", repo]);
      await machine.must(["create-metadata", repo, "--offline"]);
      expect((await machine.must(["status", repo, "--offline"])).stdout).toContain("registry: not looked at");
      expect(connections).toBe(0);
      expect((await machine.run(["status", repo])).status).toBe(5);
      expect(connections).toBeGreaterThan(0);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

test.for([
  ["root", 366, "refresh-metadata", "reset-keys"],
  ["targets", 92, "refresh-metadata", "push-metadata"],
] as const)("an expired %s is refused, with the command that renews it", async ([role, days, command, mend]) => {
  await using publisher = await createPublisher();
  advance(publisher, days * dayMs);
  const refused = await publisher.run([command, repo]);
  expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining("MASTER_ROLE_EXPIRED")]);
  expect(refused.stderr).toContain(`hint: dtuf ${mend}`);
  expect(refused.stderr).toContain(`${role} expired at`);
  await publisher.must(["pin", repo, "-"], (await publisher.must(["get-root", repo])).bytes);
  const client = await publisher.run(["pull-metadata", repo]);
  expect([client.status, client.stderr]).toEqual([7, expect.stringContaining("if this machine's clock is right")]);
  expect(client.stderr).toContain(role === "root" ? "dtuf reset-keys" : "dtuf refresh-metadata");
  if (mend === "reset-keys") await publisher.must(["reset-keys", repo]);
  await publisher.must(["push-metadata", repo]);
  await publisher.must(["refresh-metadata", repo]);
});

test("a clock that was ahead is trusted again with --trust-clock alone", async () => {
  await using publisher = await createPublisher();
  advance(publisher, 30 * dayMs);
  await publisher.must(["push-metadata", repo]);
  advance(publisher, -30 * dayMs);
  const suspect = await publisher.run(["refresh-metadata", repo]);
  expect([suspect.status, suspect.stderr]).toEqual([1, expect.stringMatching(/MASTER_CLOCK_SUSPECT[^]*--trust-clock/)]);
  await publisher.must(["refresh-metadata", repo, "--trust-clock"]);
  await publisher.must(["push-metadata", repo]);
});
