import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createReference } from "./reference.ts";
import { version } from "./version.ts";

const page = new URL("../../../docs/commands.md", import.meta.url);

/** `pnpm reference` sets this. */
if (process.env["DTUF_WRITE_REFERENCE"] === "1") writeFileSync(page, createReference());

test("docs/commands.md says what the tables say", () => {
  expect(readFileSync(page, "utf8")).toBe(createReference());
});

test("--version is the package's version", () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  expect(version).toBe(manifest.version);
});
