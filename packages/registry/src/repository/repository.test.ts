import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHostileRegistry } from "@dtuf/testing";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { describe, expect, test } from "vitest";
import { digestOf } from "../oci/digest.ts";
import { collect } from "../verifying.ts";
import { openReadOnlyRepository, openRepository, parseRepositoryLocation } from "./repository.ts";

const bytes = Buffer.from("Hello World\n");
const blob = { mediaType: "text/plain", digest: digestOf(bytes), size: bytes.length };

const directory = useDirectory();
describe("a repository's name", () => {
  test.each([
    ["localhost:5000/fred/demo", { kind: "registry", registry: "localhost:5000", repository: "fred/demo" }],
    ["registry.example.com/a", { kind: "registry", registry: "registry.example.com", repository: "a" }],
    ["oci:some/where", { kind: "layout", directory: "some/where" }],
    ["oci:C:\\data\\demo", { kind: "layout", directory: "C:\\data\\demo" }],
  ])("%s is parsed to its location", (name, location) => {
    expect(parseRepositoryLocation(name)).toEqual(location);
  });

  test.each([
    "",
    "demo",
    "fred/demo",
    "oci:",
    "localhost:5000/fred/demo:v1",
    `h.example/a@${blob.digest}`,
    "https://h.example/a",
  ])("%j is refused", async (name) => {
    await expectRefused(openRepository(name), "OCI_REFERENCE_INVALID");
  });
});

test("a layout needs only its name", async () => {
  const { store } = await openRepository(`oci:${join(directory, "layout")}`);
  await store.put(blob, bytes);
  const reader = await openReadOnlyRepository(`oci:${join(directory, "layout")}`);
  const stream = await reader.store.open(blob);
  expect(stream && Buffer.from(await collect(stream, 100))).toEqual(bytes);
});

test("a registry gets the credentials that Docker's configuration has for it, and no options are needed", async () => {
  await using registry = await createHostileRegistry({ auth: { kind: "basic", users: { fred: "secret" } } });
  const config = join(directory, "docker");
  await mkdir(config);
  const auth = Buffer.from("fred:secret").toString("base64");
  await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const options = { scheme: "http", environment: { DOCKER_CONFIG: config }, home: directory } as const;

  const opened = await openRepository(`${registry.host}/fred/demo`, options);
  await opened.store.put(blob, bytes);
  expect(await opened.store.has(blob)).toBe(true);
  await opened.close();

  const anonymous = await openRepository(`${registry.host}/fred/demo`, { scheme: "http", home: directory });
  await expectRefused(anonymous.store.has(blob), "OCI_UNAUTHORIZED");
  await anonymous.close();
});
