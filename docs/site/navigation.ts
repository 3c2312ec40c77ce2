/** What the site has, and in which order: the sections and links of docs/README.md, and the folders that those lead to. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, posix } from "node:path";

export interface SitePage {
  /** Relative to the repository, as in docs/team.md */
  readonly path: string;
  readonly title: string;
  readonly section: string;
}

export const frontPage = "docs/README.md";

/** Each page once, in the section that names it first. The pages of a folder follow its README. */
export function readNavigation(root: string): readonly SitePage[] {
  const pages = new Map<string, SitePage>();
  const add = (path: string, section: string): void => {
    if (pages.has(path) || path === frontPage) return;
    pages.set(path, { path, title: readTitle(root, path), section });
    if (basename(path) !== "README.md" || !path.startsWith("docs/")) return;
    const folder = posix.dirname(path);
    for (const name of readdirSync(join(root, folder)).toSorted()) {
      if (name.endsWith(".md")) add(posix.join(folder, name), section);
    }
  };
  let section = "";
  for (const line of readFileSync(join(root, frontPage), "utf8").split("\n")) {
    section = /^## (.+)$/.exec(line)?.[1] ?? section;
    if (section === "" || !line.startsWith("* ")) continue;
    for (const [, link = ""] of line.matchAll(/\]\(([^)#]+\.md)\)/g)) add(posix.join("docs", link), section);
  }
  return [...pages.values()];
}

function readTitle(root: string, path: string): string {
  if (!existsSync(join(root, path))) throw new Error(`${frontPage} names ${path}, which is not there`);
  return /^# (.+)$/m.exec(readFileSync(join(root, path), "utf8"))?.[1]?.replaceAll("`", "") ?? path;
}
