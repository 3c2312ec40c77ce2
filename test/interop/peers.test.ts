import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createDirectorySource, createHttpSource } from "@dtuf/copy";
import { createTransport } from "@dtuf/registry/http";
import { parseJson } from "@dtuf/tuf";
import { describe, expect, test } from "vitest";
import { servePlain } from "./plain-server.ts";
import { readRepository } from "./read-repository.ts";

const data = join(import.meta.dirname, "data");
const peers = readdirSync(data, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "docker-tuf")
  .map(({ name }) => name);
const now = new Date("2030-01-01T00:00:00Z");

describe.each(peers)("a repository that %s made, rotated keys, bins and odd names included", (peer) => {
  const directory = join(data, peer);
  const root = (): Promise<Uint8Array> => readFile(join(directory, "metadata", "1.root.json"));
  const expected = async (): Promise<unknown> => parseJson(await readFile(join(directory, "expected.json")));

  test("verifies in a directory", async () => {
    const source = createDirectorySource({ metadataDirectory: join(directory, "metadata") });
    const read = await readRepository(source, { root: await root(), now });
    expect(Object.fromEntries(read)).toEqual(await expected());
  });

  test("verifies over HTTP", async () => {
    await using server = await servePlain(directory);
    const transport = createTransport({ now: () => now, random: () => 0, plainHttp: () => "allow" });
    const source = createHttpSource({ metadataUrl: server.url("/metadata/"), transport });
    const read = await readRepository(source, { root: await root(), now });
    await transport.close();
    expect(Object.fromEntries(read)).toEqual(await expected());
  });
});
