/** The site of the documents: made from the pages, by the generator that `pnpm run docs` runs, without the API. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, describe, expect, test } from "vitest";
import { findDeadLinks } from "../../docs/site/dead-links.ts";
import { root } from "../structure/sources.ts";
import { readPages } from "./pages.ts";

const run = promisify(execFile);
const directory = useDirectory("all tests");

describe("the site", () => {
  const read = (name: string): Promise<string> => readFile(join(directory, "site", name), "utf8");

  beforeAll(async () => {
    await run(process.execPath, [join(root, "docs/site/build.ts"), "--pages", join(directory, "site")]);
  });

  test("has every page of docs, and no link in it leads nowhere", async () => {
    expect(findDeadLinks(join(directory, "site"))).toEqual([]);
    const names = await readdir(join(directory, "site"), { recursive: true });
    const pages = readPages().map(({ path }) => path);
    const wanted = pages.filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
    expect(wanted.map((path) => path.replace(/md$/, "html")).filter((path) => !names.includes(path))).toEqual([]);
    expect(await read("index.html")).toContain("Nobody has to trust that server");
  });

  test("has every page as plain Markdown too, byte for byte, and llms.txt names each", async () => {
    const list = await read("llms.txt");
    expect(list).toMatch(
      /^# dtuf\n\n> dtuf publishes files.+\n\n## Start\n\n- \[Quickstart\]\(docs\/quickstart\.md\)\n/,
    );
    const listed = [...list.matchAll(/^- \[.+\]\((.+)\)$/gm)].map(([, path = ""]) => path);
    expect(listed.length).toBeGreaterThan(60);
    const whole = await read("llms-full.txt");
    for (const path of listed) {
      const page = await readFile(join(root, path), "utf8");
      expect(await read(path)).toBe(page);
      expect(whole).toContain(page);
    }
  });
});

test("a link without its file or anchor, and a picture from another place, are found", async () => {
  const made = join(directory, "made");
  await mkdir(made);
  await writeFile(join(made, "other.html"), '<h1 id="there">');
  const links = [
    '<a href="other.html#there">',
    '<a href="gone.html">',
    '<a href="other.html#gone">',
    '<a href="#gone">',
  ];
  const loaded = ['<img src="https://example.com/x.svg">', '<a href="https://example.com/">'];
  await writeFile(join(made, "page.html"), [...links, ...loaded].join("\n"));
  expect(findDeadLinks(made)).toEqual(
    ["gone.html", "other.html#gone", "#gone", "https://example.com/x.svg"].map((link) => `page.html: ${link}`),
  );
});
