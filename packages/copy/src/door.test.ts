/** The client as a program embeds it: with a name, a directory and the shipped root only. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openRepository } from "@dtuf/registry/repository";
import { createHostileRegistry } from "@dtuf/testing";
import { publishToDirectory, publishToStore, serveDirectory } from "@dtuf/testing/tuf-simulator/simulator-publish";
import { createTufSimulator, type TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, expect, test } from "vitest";
import { createCopy } from "./copy.ts";

const directory = useDirectory();
let sim: TufSimulator;
let root: Uint8Array;

beforeEach(async () => {
  sim = await createTufSimulator({ now: new Date() });
  sim.addTarget("demo.txt", Buffer.from("Hello World\n"));
  await sim.publishRelease();
  root = sim.files.get("1.root.json") ?? new Uint8Array();
});

async function pull(repository: string, scheme: "http" | "https" = "https"): Promise<string> {
  const file = join(directory, "demo.txt");
  await using copy = createCopy({ repository, scheme, directory: join(directory, "state"), root });
  await copy.pullMetadata();
  const target = await copy.findTarget("demo.txt");
  if (target === undefined) throw new TypeError("demo.txt was not found");
  await copy.saveTarget(target, file);
  return readFile(file, "utf8");
}

test("a layout", async () => {
  const repository = `oci:${join(directory, "layout")}`;
  await publishToStore(sim, (await openRepository(repository)).store);
  expect(await pull(repository)).toBe("Hello World\n");
});

test("a registry", async () => {
  await using registry = await createHostileRegistry();
  const repository = `${registry.host}/fred/demo`;
  const opened = await openRepository(repository, { scheme: "http", home: directory });
  await publishToStore(sim, opened.store);
  await opened.close();
  expect(await pull(repository, "http")).toBe("Hello World\n");
});

test("a plain repository behind a URL", async () => {
  await publishToDirectory(sim, join(directory, "plain"));
  await using server = await serveDirectory(join(directory, "plain"));
  expect(await pull(server.url("/metadata").href)).toBe("Hello World\n");
});

test("the shipped root is pinned once: the root of a newer installer does not change the pin", async () => {
  const repository = `oci:${join(directory, "layout")}`;
  await publishToStore(sim, (await openRepository(repository)).store);
  await pull(repository);
  const other = await createTufSimulator({ now: new Date() });
  root = other.files.get("1.root.json") ?? new Uint8Array();
  expect(await pull(repository)).toBe("Hello World\n");
});

test.each(["demo", "fred/demo", "oci:", "registry.example.com/fred/demo:v1"])(
  "%j is not a repository",
  (repository) => {
    expectRefused(() => createCopy({ repository, directory }), "OCI_REFERENCE_INVALID");
  },
);
