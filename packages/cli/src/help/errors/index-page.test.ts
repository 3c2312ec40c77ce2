import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { settings } from "../../context/settings/settings.ts";
import { commands } from "../../table.ts";
import { createErrorPage, findErrorEntry, listErrorCodes } from "./index-page.ts";

const packages = join(import.meta.dirname, "../../../..");
const page = join(packages, "../docs/errors.md");

/** `pnpm reference` sets this. */
if (process.env["DTUF_WRITE_REFERENCE"] === "1") writeFileSync(page, createErrorPage());

const manifest = JSON.parse(readFileSync(join(packages, "cli/package.json"), "utf8")) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** Of the packages that the command line uses: no other error reaches it. */
const sources = readdirSync(packages)
  .filter((folder) => folder === "cli" || Object.hasOwn(manifest.devDependencies, `@dtuf/${folder}`))
  .flatMap((folder) =>
    readdirSync(join(packages, folder, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(packages, folder, "src", name), "utf8").replaceAll(/\/\*[^]*?\*\//g, "")),
  );

/** The members of every union that is exported as `…ErrorCode`. */
const declared = sources.flatMap((text) =>
  [...text.matchAll(/export type [A-Z]\w*ErrorCode\s*=([^;]*);/g)].flatMap(([, union = ""]) =>
    [...union.matchAll(/"([A-Z_]+)"/g)].map(([, code = ""]) => code),
  ),
);

test("docs/errors.md is what the tables say: if not, run pnpm reference", () => {
  expect(readFileSync(page, "utf8")).toBe(createErrorPage());
});

test("every error code has an entry in cli/src/help/errors, and no entry is of a code that is gone", () => {
  expect(declared.length).toBeGreaterThan(90);
  expect(listErrorCodes().toSorted()).toEqual([...new Set([...declared, "USAGE", "INTERNAL"])].toSorted());
});

test("every error that is thrown has a code of the index", () => {
  const thrown = sources.flatMap((text) =>
    [...text.matchAll(/new [A-Z]\w*Error\(\s*"([A-Z]+_[A-Z_]+)"/g)].map(([, code = ""]) => code),
  );
  expect(thrown.length).toBeGreaterThan(100);
  expect(thrown.filter((code) => findErrorEntry(code) === undefined)).toEqual([]);
});

test("the commands and options that entries name are there", () => {
  const text = createErrorPage();
  const verbs = [...text.matchAll(/`dtuf ([a-z][a-z-]*)/g)].map(([, verb = ""]) => verb);
  const flags = [...text.matchAll(/(?<=[ `(])--([a-z][a-z-]*)/g)].map(([, flag = ""]) => flag);
  expect(verbs.length).toBeGreaterThan(50);
  expect(verbs.filter((verb) => !commands.some(({ name }) => name === verb))).toEqual([]);
  expect(flags.filter((flag) => !["version", "help"].includes(flag) && !Object.hasOwn(settings, flag))).toEqual([]);
});

test("every entry says cause, risk and what mends it, each as sentences", () => {
  for (const code of listErrorCodes()) {
    for (const text of Object.values(findErrorEntry(code) ?? {}))
      expect({ code, text }).toMatchObject({ text: expect.stringMatching(/^[^]{10,}\.$/) });
  }
});
