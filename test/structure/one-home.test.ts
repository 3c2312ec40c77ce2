/** Rules and conversions that have one home each, and codes that somebody throws. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPackages, root, type Package } from "./sources.ts";

const packages = readPackages();

/** The files outside of their home, and outside of tests, whose text shows the pattern. */
function elsewhere(pattern: RegExp, homes: readonly string[]): readonly string[] {
  return packages
    .filter(({ folder }) => folder !== "testing")
    .flatMap(({ files }) => files)
    .filter(({ path, kind }) => kind === "source" && !homes.some((home) => path.startsWith(`packages/${home}`)))
    .filter(({ path }) => pattern.test(readFileSync(join(root, path), "utf8")))
    .map(({ path }) => path);
}

test("only tuf makes a TufError", () => {
  expect(elsewhere(/new TufError\(/, ["tuf/src/"])).toEqual([]);
});

test("hashes of TUF metadata become OCI digests, and digests hashes, in one file", () => {
  const digestFromHex = /`sha(?:256|512):\$\{/;
  const hashesFromHex = /new Map\(\[\["sha(?:256|512)", (?!sha256\]\]\))/;
  const homes = ["registry/src/", "format/src/hashes.ts"];
  expect(elsewhere(digestFromHex, homes)).toEqual([]);
  expect(elsewhere(hashesFromHex, homes)).toEqual([]);
});

interface CodeUnion {
  readonly error: string;
  readonly codes: readonly string[];
  /** Of the whole package, without the union itself. */
  readonly text: string;
}

function codeUnions({ files }: Package): readonly CodeUnion[] {
  const texts = files
    .filter(({ kind }) => kind === "source")
    .map(({ path }) => readFileSync(join(root, path), "utf8"))
    .join("\n")
    .replaceAll(/\/\*[^]*?\*\//g, "");
  return [...texts.matchAll(/export type (?<error>\w+Error)Code =(?<union>[^;]*);/g)].map(
    ({ groups = {}, 0: all }) => ({
      error: groups["error"] ?? "",
      codes: [...(groups["union"] ?? "").matchAll(/"([A-Z_]+)"/g)].map((match) => match[1] ?? ""),
      text: texts.replace(all, ""),
    }),
  );
}

/** FileErrors of the system's own errors: a table says which errno and which SQLite result has which code. */
const fromTable = (text: string, code: string): boolean => new RegExp(`\\["?\\w+"?, \\["${code}", "`).test(text);

describe.each(packages.flatMap(codeUnions))("each code of $error", ({ error, codes, text }) => {
  test.each(codes)("%s is thrown somewhere", (code) => {
    const isThrown = new RegExp(`new ${error}\\(\\s*"${code}"`).test(text);
    expect(isThrown || (error === "FileError" && fromTable(text, code))).toBe(true);
  });
});
