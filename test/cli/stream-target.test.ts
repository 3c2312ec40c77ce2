/** `pull-target` writes a target with a signed chunk index to stdout while it arrives. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@dtuf/registry";
import { beforeEach, expect, test } from "vitest";
import { publishDemo } from "./machine.ts";
import { useMachineAndRegistry } from "./use-machine.ts";

const content = randomBytes(2_000_000);
const { machine, registry } = useMachineAndRegistry();

beforeEach(async () => {
  await publishDemo(machine, "fred/demo", "small");
  await writeFile(join(machine.directory, "app.bin"), content);
  await machine.must(["push-target", "fred/demo", "app.bin", "app.bin"]);
  await machine.must(["push-metadata", "fred/demo"]);
  await machine.must(["get-root", "fred/demo", "--output", "root.json"]);
  await machine.must(["pull-metadata", "fred/demo", "root.json"]);
});
test("the bytes that a registry bends do not reach stdout, those before them do, and the status is 6 [T190]", async () => {
  const bent = Buffer.from(content);
  bent.writeUInt8(bent.readUInt8(1_900_000) ^ 1, 1_900_000);
  registry.repository("fred/demo").blobs.set(digestOf(content), bent);
  const { status, bytes } = await machine.run(["pull-target", "fred/demo", "app.bin"]);
  expect(status).toBe(6);
  expect(bytes.length).toBeGreaterThan(1_000_000);
  expect(bytes.length).toBeLessThanOrEqual(1_900_000);
  expect(content.subarray(0, bytes.length).equals(bytes)).toBe(true);
});

test("a registry that lost the index: the target is verified as a whole, and the message says so", async () => {
  for (const [digest, { length }] of registry.repository("fred/demo").blobs)
    if (length < 10_000 && length > 60 && !isJson(registry.repository("fred/demo").blobs.get(digest)))
      registry.repository("fred/demo").blobs.set(digest, Buffer.alloc(length));
  const { status, bytes, stderr } = await machine.run(["pull-target", "fred/demo", "app.bin"]);
  expect(status).toBe(0);
  expect(content.equals(bytes)).toBe(true);
  expect(stderr).toContain("verified as a whole");
});

function isJson(bytes: Uint8Array | undefined): boolean {
  return bytes?.[0] === "{".charCodeAt(0);
}
