/** The pages lead somewhere: every link to a file, a folder or a heading of this repository finds it. */
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../structure/sources.ts";
import { readPages, type Page } from "./pages.ts";

const pages = readPages();
const byPath: ReadonlyMap<string, Page> = new Map(pages.map((page) => [page.path, page]));

function faultsOf({ path, links, anchors }: Pick<Page, "path" | "links" | "anchors">): readonly string[] {
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file = "", anchor] = decodeURI(link).split("#");
      const target = file === "" ? path : join(dirname(path), file).replaceAll("\\", "/");
      const found = statSync(join(root, target), { throwIfNoEntry: false });
      if (found === undefined) return true;
      // The site has files, and no folders: a link names the README. README.md itself is not a page of the site.
      if (found.isDirectory()) return path !== "README.md";
      return anchor !== undefined && !(file === "" ? anchors : byPath.get(target)?.anchors)?.has(anchor);
    })
    .map((link) => `${path}: ${link}`);
}

test("every link of every page finds its file, and its heading", () => {
  expect(pages.length).toBeGreaterThan(50);
  expect(pages.flatMap(faultsOf)).toEqual([]);
});

test("every page of docs is found from docs/README.md", () => {
  const found = new Set<string>();
  const open = ["docs/README.md"];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const from = dirname(path);
    open.push(
      ...(byPath.get(path)?.links ?? []).map((link) => join(from, link.split("#")[0] ?? "").replaceAll("\\", "/")),
    );
  }
  const lost = pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && !found.has(path));
  expect(lost).toEqual([]);
});

test("links to a folder, to a file that is not there and to a heading that is not there are faults", () => {
  const links = [
    "team.md",
    "runbooks",
    "team.md#nothing",
    "nothing.md",
    "#here",
    "#there",
    "https://example.com/nothing",
  ];
  expect(faultsOf({ path: "docs/team.md", links, anchors: new Set(["here"]) })).toEqual(
    ["runbooks", "team.md#nothing", "nothing.md", "#there"].map((link) => `docs/team.md: ${link}`),
  );
});

test("no link is to an address that is plain HTTP", () => {
  expect(
    pages.flatMap(({ path, links }) => links.filter((link) => link.startsWith("http:")).map((link) => [path, link])),
  ).toEqual([]);
});
