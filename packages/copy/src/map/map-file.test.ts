import { readdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTargetPath } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { createMapCopy } from "./map-copy.ts";
import { findMappings, parseMapFile } from "./map-file.ts";

const one = { paths: ["*"], repositories: ["A"], threshold: 1 };
const file = { repositories: { A: ["https://a.example/"] }, mapping: [one] };

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

const wrong: readonly (readonly [what: string, value: unknown])[] = [
  ["no JSON", "{"],
  ["a member twice", '{"repositories":{"A":["x"]},"mapping":[],"mapping":[]}'],
  ["null", null],
  ["a list", []],
  ["no repositories", { mapping: [one] }],
  ["no mapping", { repositories: file.repositories }],
  ["an empty mapping", { ...file, mapping: [] }],
  ["a mapping of null", { ...file, mapping: [null] }],
  ["repositories of null", { ...file, repositories: null }],
  ["a repository without a location", { ...file, repositories: { A: [] } }],
  ["a repository whose location is null", { ...file, repositories: { A: [null] } }],
  ["a repository without a name", { ...file, repositories: { ...file.repositories, "": ["x"] } }],
  ["a repository that is not in the file", { ...file, mapping: [{ ...one, repositories: ["B"] }] }],
  [
    "a repository with the name of a property of every object",
    { ...file, mapping: [{ ...one, repositories: ["constructor"] }] },
  ],
  ["a repository twice", { ...file, mapping: [{ ...one, repositories: ["A", "A"], threshold: 2 }] }],
  ["no threshold", { ...file, mapping: [{ ...one, threshold: undefined }] }],
  ["a threshold of 0", { ...file, mapping: [{ ...one, threshold: 0 }] }],
  ["a threshold of -1", { ...file, mapping: [{ ...one, threshold: -1 }] }],
  ["a threshold of 1.5", { ...file, mapping: [{ ...one, threshold: 1.5 }] }],
  ["a threshold in words", { ...file, mapping: [{ ...one, threshold: "1" }] }],
  ["a threshold that cannot be met", { ...file, mapping: [{ ...one, threshold: 2 }] }],
  ["terminating in words", { ...file, mapping: [{ ...one, terminating: "false" }] }],
  ["a misspelled member", { ...file, mapping: [{ ...one, treshold: 2 }] }],
  ["no paths", { ...file, mapping: [{ ...one, paths: [] }] }],
  ["more than its bound", `${JSON.stringify(file)}${" ".repeat(1024 * 1024)}`],
];

describe("a map file", () => {
  test.each(wrong)("refuses %s before any file or request [T5]", (_what, value) => {
    expectRefused(() => parseMapFile(bytesOf(value)), "COPY_SOURCE_INVALID");
  });

  test("names repositories in order, and mappings in order of trust", () => {
    const map = parseMapFile(
      bytesOf({
        repositories: { B: ["b"], A: ["a1", "a2"] },
        mapping: [
          { paths: ["team/*"], repositories: ["A", "B"], threshold: 2, terminating: true },
          { paths: ["*", "*/*"], repositories: ["B"], threshold: 1 },
        ],
      }),
    );
    expect([...map.repositories]).toEqual([
      ["B", ["b"]],
      ["A", ["a1", "a2"]],
    ]);
    expect(map.mappings.map(({ terminating }) => terminating)).toEqual([true, false]);
    expect(findMappings(map, parseTargetPath("team/x"))).toEqual([map.mappings[0]]);
    expect(findMappings(map, parseTargetPath("x"))).toEqual([map.mappings[1]]);
    expect(findMappings(map, parseTargetPath("a/b/c"))).toEqual([]);
  });

  test("with a repository without a root creates no client and no directory", async () => {
    const directory = await mkdtemp(join(tmpdir(), "map-file-"));
    const options = { map: parseMapFile(bytesOf(file)), roots: new Map<string, Uint8Array>(), directory };
    const openSource = (): never => {
      throw new Error("asked");
    };
    expect(() => createMapCopy({ ...options, openSource, now: () => new Date() })).toThrow(TypeError);
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });
});
