/**
 * The arrows between the folders of a package, as import-table.test.ts holds those between packages. In each folder the
 * files and sub-folders directly in it are nodes, an import is an arrow, and no arrow leads back: a folder can be read
 * from top to bottom.
 */
import { dirname, join, relative } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { readPackages, type SourceFile } from "./sources.ts";

/** How many source files a folder may hold. `tuf` is read as a whole. */
const most = 12;
const longer: Readonly<Record<string, number>> = {
  "format/src": 13,
  "tuf/src": 34,
};

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

describe.each(readPackages())("$folder", ({ folder, files }) => {
  const sources = files.filter(({ kind }) => kind === "source");
  const folders = [...new Set(sources.flatMap(({ path }) => ancestors(dirname(path))))];

  test.each(folders)("%s can be read downwards: no arrow between its files and folders leads back", (inside) => {
    const arrows = sources.flatMap((file) => arrowsOf(file, join("packages", inside)));
    expect(arrows.filter(({ from, to }) => leads(arrows, to, from)).map(({ why }) => why)).toEqual([]);
  });

  test.each(folders)(`%s is a corridor, not a hall: about ${most} files`, (inside) => {
    const here = sources.filter(({ path }) => dirname(path) === join("packages", inside));
    expect(here.length).toBeLessThanOrEqual(longer[inside] ?? most);
  });

  test("has folders", () => {
    expect(folders[0]).toBe(`${folder}/src`);
  });
});

/** `copy/src/state` and what it lies in, the package's `src` first. */
function ancestors(path: string): readonly string[] {
  const parts = relative("packages", path).split("/");
  return parts.slice(1).map((_part, at) => parts.slice(0, at + 2).join("/"));
}

/** The arrows that one file adds between the nodes of a folder. */
function arrowsOf(file: SourceFile, folder: string): readonly Arrow[] {
  const node = (path: string): string | undefined => {
    const inside = relative(folder, path);
    return inside.startsWith("..") ? undefined : inside.split("/")[0];
  };
  const from = node(file.path);
  return file.imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .flatMap(({ specifier }) => {
      const to = node(join(dirname(file.path), specifier));
      return from === undefined || to === undefined || from === to
        ? []
        : [{ from, to, why: `${file.path}: ${specifier}` }];
    });
}

function leads(arrows: readonly Arrow[], from: string, to: string): boolean {
  const reached = new Set([from]);
  for (const node of reached) for (const arrow of arrows) if (arrow.from === node) reached.add(arrow.to);
  return reached.has(to);
}
