/**
 * What each package offers is decided, not drifted into: the list beside this file is part of the change that alters it.
 * `pnpm surface` writes it anew.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPackages, root } from "./sources.ts";

const entries = readPackages()
  .filter(({ manifest }) => manifest.name !== "@dtuf/testing")
  .flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports).map(([subpath, target]) => ({
      entry: `${manifest.name}${subpath.slice(1)}`,
      path: join("packages", folder, (target as Readonly<Record<string, string>>)["@dtuf/source"] ?? ""),
    })),
  );

/** An entry is named re-exports only, so its names can be read off it. */
const reExport = /^export (?<types>type )?\{(?<names>[^}]*)\}(?: from "\.[^"]+")?;\n/gm;

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8").replace(/^\/\*\*[^]*?\*\/\n|^\/\/.*\n/gm, "");
}

function namesOf(path: string): Readonly<Record<string, "type" | "value">> {
  const found = [...textOf(path).matchAll(reExport)].flatMap(({ groups = {} }) => {
    const names = (groups["names"] ?? "").split(",").map((name) => name.trim());
    return names.filter((name) => name !== "").map((name) => kindOf(name, groups["types"]));
  });
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function kindOf(clause: string, types: string | undefined): readonly [string, "type" | "value"] {
  const name = clause.replace(/^type /, "").replace(/^.* as /, "");
  return [name, types !== undefined || clause.startsWith("type ") ? "type" : "value"];
}

describe("the public surface", () => {
  test.each(entries)("$entry is named re-exports only", ({ path }) => {
    expect(textOf(path).replace(reExport, "").trim()).toBe("");
  });

  test("has no name in two packages", () => {
    const packages = new Map<string, Set<string>>();
    for (const { entry, path } of entries) {
      const owner = entry.split("/").slice(0, 2).join("/");
      for (const name of Object.keys(namesOf(path))) packages.set(name, (packages.get(name) ?? new Set()).add(owner));
    }
    expect([...packages].filter(([, owners]) => owners.size > 1).map(([name]) => name)).toEqual([]);
  });

  test("is the list that was agreed", async () => {
    const surface = Object.fromEntries(entries.map(({ entry, path }) => [entry, namesOf(path)]));
    await expect(`${JSON.stringify(surface, null, 2)}\n`).toMatchFileSnapshot("public-surface.json");
  });
});
