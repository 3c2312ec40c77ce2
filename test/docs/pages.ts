/** The Markdown pages of the repository: their headings, links and code blocks. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import markdownIt from "markdown-it";
import { root } from "../structure/sources.ts";

export interface Block {
  /** As "docs/team.md:12", of its first line. */
  readonly place: string;
  /** Of a block that is indented and has no fence: "sh". */
  readonly language: string;
  readonly text: string;
}

export interface Page {
  /** Relative to the root, with "/". */
  readonly path: string;
  readonly text: string;
  readonly title: string;
  /** The anchors of its headings, as code hosts make them. */
  readonly anchors: ReadonlySet<string>;
  /** Links and pictures, as they are written. */
  readonly links: readonly string[];
  readonly blocks: readonly Block[];
}

const markdown = markdownIt();

export function readPage(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  const tokens = markdown.parse(text, {});
  const headings = tokens.flatMap((token, index) =>
    token.type === "heading_open" ? [(tokens[index + 1]?.children ?? []).map(({ content }) => content).join("")] : [],
  );
  const links = tokens
    .flatMap(({ children }) => children ?? [])
    .flatMap((token) => token.attrGet(token.type === "image" ? "src" : "href") ?? []);
  const blocks = tokens
    .filter(({ type }) => type === "fence" || type === "code_block")
    .map(({ type, info, content, map }) => ({
      place: `${path}:${(map?.[0] ?? 0) + 1}`,
      language: type === "fence" ? info.trim() : "sh",
      text: content,
    }));
  return { path, text, title: headings[0] ?? "", anchors: anchorsOf(headings), links, blocks };
}

function anchorsOf(headings: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const heading of headings) {
    const plain = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\p{Pc} -]/gu, "");
    const anchor = plain.replaceAll(" ", "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

const made = new Set(["node_modules", "dist", "bundle", "man", "packed", ".build", ".cache", ".git"]);

/** Every page of the repository. */
export function readPages(): readonly Page[] {
  const found = globSync("**/*.md", { cwd: root, exclude: (path) => made.has(basename(path)) });
  return found
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted()
    .map(readPage);
}
