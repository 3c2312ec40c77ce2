/** A password in the place of a registry's or a repository's name: refused, and shown nowhere. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createCopy } from "@dtuf/copy";
import { createMaster } from "@dtuf/master";
import { copyImage } from "@dtuf/mirror";
import { createLayoutStore } from "@dtuf/registry/layout";
import { openRepository } from "@dtuf/registry/repository";
import { putImage } from "../mirror/images.ts";
import { createMachine } from "./machine.ts";

const secret = "s3cr3t-in-a-name";
const place = `fred:${secret}@127.0.0.1:9/x`;

test.each([
  ["inspect", place],
  ["inspect", `https:${place}`],
  ["pull", `fred:${secret}/half@127.0.0.1:9/x`],
  ["publish", place, "."],
  ["status", place],
  ["list-repos", "--host", place],
  ["list-repos", "--host", `https://${place}`],
  ["login", `https://${place}`],
  ["pull", "demo", "--metadata-url", `https:${place}`],
  ["export", place, "out.tar"],
  ["sync", `https://${place}`, "dir:d"],
  ["sync", `docker://${place}`, "dir:d"],
  ["sync", "oci:layout", `https://${place}`],
  ["sync", "oci:layout", `docker://${place}`],
  ["sync", "--src", "oci", "--dest", "docker", "layout", `https://${place}`],
  ["sync", "--map", `layout=${place}`, "oci:layout", "docker://127.0.0.1:9"],
])("is refused and not shown: dtuf %s %s", async (...words) => {
  await using machine = await createMachine();
  await putImage(createLayoutStore({ directory: join(machine.directory, "layout") }), { tags: ["1"] });
  const ran = await machine.run([...words, "--log-file", "log", "--file-log-level", "DEBUG"]);
  const log = join(machine.directory, "log");
  const told = `${ran.stdout}${ran.stderr}${existsSync(log) ? await readFile(log, "utf8") : ""}`;
  expect([ran.status, told]).toEqual([2, expect.not.stringContaining(secret)]);
});

test.each([
  ["createCopy", () => createCopy({ repository: place, directory: "never" })],
  ["createMaster", () => createMaster({ repository: place, directory: "never" })],
  ["openRepository", () => openRepository(`https:${place}`)],
  ["openRepository, with a slash in it", () => openRepository(`fred:${secret}/half@127.0.0.1:9/x`)],
  ["copyImage", () => copyImage(`${place}:1`, "dir:never")],
  ["copyImage, to", () => copyImage("127.0.0.1:9/x", place)],
])("is refused and not shown by %s", async (_name, call) => {
  const error = await (async (): Promise<unknown> => await call())().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "OCI_REFERENCE_INVALID" });
  expect(JSON.stringify([String(error), error])).not.toContain(secret);
  expect(existsSync("never")).toBe(false);
});
