/** examples/service, against a real registry and a hostile one: what its readers see. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCertificateAuthority } from "@dtuf/testing/certificates";
import { createHostileRegistry } from "@dtuf/testing/hostile-registry/hostile-registry";
import { afterEach, expect, test } from "vitest";
import { registryOf, uniqueRepository } from "../setup/registries.ts";
import { createMachine, publishDemo, registryEnvironment, type Machine } from "./machine.ts";

const program = join(import.meta.dirname, "../../examples/service/service.ts");
let children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});

interface Service {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

function start(repository: string, directory: string, env: Readonly<Record<string, string>> = {}): Service {
  const words = ["--conditions=@dtuf/source", program, repository, directory, "1"];
  const child = spawn(process.execPath, words, { env: { PATH: process.env["PATH"], ...env } });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => void child.on("close", resolve));
  return { child, said: () => said, ended };
}

async function untilSaid({ said }: Service, words: string): Promise<void> {
  await expect.poll(said).toContain(words);
}

async function publish(machine: Machine, repo: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await machine.must(["push-target", repo, name, "-"], content);
  await machine.must(["push-metadata", repo]);
}

async function createHome(machine: Machine, repo: string): Promise<string> {
  const home = join(machine.directory, "home");
  await mkdir(home);
  await machine.must(["get-root", repo, "--output", join(home, "root.json")]);
  return home;
}

const read = (home: string, name: string): Promise<string> => readFile(join(home, "current", name), "utf8");

test("the directory follows what is published on a real registry, and keeps the files before", async () => {
  const access = registryOf("tls");
  const repo = uniqueRepository("service");
  await using machine = await createMachine(registryEnvironment(access));
  await publishDemo(machine, repo, "Hello World\n");
  const home = await createHome(machine, repo);
  const service = start(`${access.host}/${repo}`, home, { NODE_EXTRA_CA_CERTS: access.caFile ?? "" });
  await untilSaid(service, "snapshot-1 is current: 1 files");
  expect(await read(home, "demo.txt")).toBe("Hello World\n");
  await publish(machine, repo, { "sub/two.txt": "two" });
  await untilSaid(service, "snapshot-2 is current: 2 files");
  expect(await read(home, "sub/two.txt")).toBe("two");
  await machine.must(["del-target", repo, "demo.txt"]);
  await publish(machine, repo, { "sub/two.txt": "2" });
  await untilSaid(service, "snapshot-3 is current: 1 files");
  expect(await read(home, "sub/two.txt")).toBe("2");
  expect((await readdir(home)).toSorted()).toEqual(["current", "root.json", "snapshot-2", "snapshot-3", "state"]);
  service.child.kill("SIGTERM");
  expect(await service.ended).toBe(0);
});

test("a false file changes nothing, a kill in the middle of a download neither, and the next run goes on", async () => {
  const authority = await createCertificateAuthority();
  await using registry = await createHostileRegistry({ tls: await authority.issueServer() });
  const repo = "fred/demo";
  await using machine = await createMachine({ DTUF_HOST: registry.host, DTUF_CA_FILE: "ca.crt" });
  await writeFile(join(machine.directory, "ca.crt"), authority.cert);
  await publishDemo(machine, repo, "Hello World\n");
  const home = await createHome(machine, repo);
  const run = (): Service =>
    start(`${registry.host}/${repo}`, home, { NODE_EXTRA_CA_CERTS: join(machine.directory, "ca.crt") });
  const first = run();
  await untilSaid(first, "snapshot-1 is current");
  const ofBlobs = { method: "GET", path: /blobs/ };
  const large = "x".repeat(3_000_000);
  const forged = registry.script({
    match: ofBlobs,
    fault: { kind: "change", body: (body) => Buffer.alloc(body.length, "forged ") },
  });
  await publish(machine, repo, { "large.bin": large, "demo.txt": "new\n" });
  await untilSaid(first, "_MISMATCH");
  expect(await read(home, "demo.txt")).toBe("Hello World\n");
  forged.remove();
  const stalled = registry.script({ match: ofBlobs, fault: { kind: "stall", after: 1_000_000 } });
  await expect.poll(() => stalled.harmed).toBeGreaterThan(0);
  first.child.kill("SIGKILL");
  await first.ended;
  expect(await read(home, "demo.txt")).toBe("Hello World\n");
  stalled.remove();
  const second = run();
  await untilSaid(second, "is current: 2 files");
  expect([await read(home, "demo.txt"), (await read(home, "large.bin")).length]).toEqual(["new\n", large.length]);
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);
});
