/** `sync --verify`: content of the right size that was damaged at the destination. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestHex, digestOf } from "@dtuf/registry";
import { randomContent } from "@dtuf/testing/oci-content";
import { createRemoteRepository, type RemoteRepository } from "@dtuf/testing/remote-repository";
import { createMachine, type Machine } from "../cli/machine.ts";
import { putImage } from "./images.ts";

const layer = randomContent(3000);
const damaged = Buffer.alloc(layer.length, "x");
let source: RemoteRepository;
let target: RemoteRepository;
let machine: Machine;

beforeEach(async () => {
  source = await createRemoteRepository();
  target = await createRemoteRepository();
  machine = await createMachine();
  await putImage(source.store, { tags: ["1"], layers: [layer] });
});

afterEach(async () => {
  await machine[Symbol.asyncDispose]();
  await Promise.all([source, target].map((each) => each[Symbol.asyncDispose]()));
});

const sync = (...words: string[]): ReturnType<Machine["run"]> =>
  machine.run(["sync", "--src-tls-verify=false", "--dest-tls-verify=false", ...words]);
const from = (): string => `docker://${source.registry.host}/fred/demo`;

test.each([
  ["a layout", "oci:there"],
  ["a directory", "dir:there"],
])("in %s is replaced with --verify, and taken for right without", async (_what, destination) => {
  await sync(from(), destination);
  const name = digestHex(digestOf(layer));
  const names = await readdir(machine.directory, { recursive: true });
  const file = join(machine.directory, names.find((each) => each.endsWith(name)) ?? "missing");
  await writeFile(file, damaged);
  expect((await sync(from(), destination)).stdout).toMatch(/^unchanged/);
  expect(await readFile(file)).toEqual(damaged);
  expect((await sync("--verify", from(), destination)).stdout).toMatch(/^copied/);
  expect(Buffer.compare(await readFile(file), layer)).toBe(0);
});

test("in a registry is an error with --verify, because a registry is not ours to mend", async () => {
  const words = ["--src", "docker", "--dest", "docker", `${source.registry.host}/fred/demo`, target.registry.host];
  await sync(...words);
  target.registry.repository("demo").blobs.set(digestOf(layer), damaged);
  expect((await sync(...words)).status).toBe(0);
  const verified = await sync("--verify", ...words);
  expect([verified.status, verified.stderr]).toEqual([6, expect.stringContaining(digestOf(layer))]);
});
