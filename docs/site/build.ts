/**
 * Makes the site of the documents: `pnpm run docs`. TypeDoc writes the HTML, of the pages and of the API. Each page lies
 * beside it as plain Markdown, and llms.txt lists them. Ends with 1 if a link leads nowhere.
 *
 *     node site/build.ts [--pages] [DIRECTORY]     --pages: without the API
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  KindRouter,
  ReflectionKind,
  TSConfigReader,
  TypeDocReader,
  type DeclarationReflection,
  type DocumentReflection,
} from "typedoc";
import { frontPage, readNavigation } from "./navigation.ts";
import { findDeadLinks } from "./dead-links.ts";
import { describePages } from "./llms.ts";

const root = resolve(import.meta.dirname, "../..");
const isPagesOnly = process.argv.includes("--pages");
const [out = join(root, ".build/site")] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const pages = readNavigation(root);
const apiSection = "API";
const byPath = new Map(pages.map((page) => [page.path, page]));

/** Where a page's HTML is: at its own path. */
class PathRouter extends KindRouter {
  protected override getIdealBaseName(reflection: Parameters<KindRouter["getIdealBaseName"]>[0]): string {
    if (!reflection.isDocument()) return `api/${super.getIdealBaseName(reflection)}`;
    return pathOf(reflection).replace(/\.md$/, "");
  }
}

function pathOf(document: DocumentReflection): string {
  const path = document.project.files.getReflectionPath(document);
  if (path === undefined) throw new Error(`no file is known of the page ${document.name}`);
  return relative(root, path).replaceAll("\\", "/");
}

/** Its title and its section in the side bar. */
function nameDocument(document: DocumentReflection): void {
  const page = byPath.get(pathOf(document));
  if (page === undefined) throw new Error(`${pathOf(document)} is in no section`);
  document.name = page.title;
  document.frontmatter["group"] = page.section;
}

function groupModule(declaration: DeclarationReflection): void {
  if (!declaration.kindOf(ReflectionKind.Module)) return;
  declaration.comment ??= new Comment();
  declaration.comment.blockTags.push(new CommentTag("@group", [{ kind: "text", text: apiSection }]));
}

async function buildHtml(): Promise<void> {
  const sections = [...new Set(pages.map(({ section }) => section))];
  const app = await Application.bootstrap(
    {
      options: join(root, "docs/typedoc.json"),
      ...(isPagesOnly ? { entryPoints: [] } : {}),
      out,
      name: "dtuf",
      readme: join(root, frontPage),
      projectDocuments: pages.map(({ path }) => join(root, path)),
      router: "path",
      groupOrder: [...sections, apiSection],
      navigation: { includeGroups: true, excludeReferences: true },
      headings: { readme: false, document: false },
      searchInDocuments: true,
      highlightLanguages: ["sh", "console", "ini", "json", "python", "go", "typescript", "javascript", "yaml"],
    },
    [new TypeDocReader(), new TSConfigReader()],
  );
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, declaration) => groupModule(declaration));
  app.renderer.defineRouter("path", PathRouter);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => nameDocument(document));
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the sources");
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors()) throw new Error("TypeDoc has found errors");
}

function writeMarkdown(): void {
  for (const path of [frontPage, ...pages.map((page) => page.path)]) {
    mkdirSync(join(out, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(out, path));
  }
  for (const folder of ["docs/pictures", "docs/schema"]) {
    cpSync(join(root, folder), join(out, folder), {
      recursive: true,
      filter: (path) => !/\.(?:ts|dot)$/.test(basename(path)),
    });
  }
  const front = readFileSync(join(root, frontPage), "utf8");
  const texts = pages.map(({ path }) => readFileSync(join(root, path), "utf8"));
  writeFileSync(join(out, "llms.txt"), describePages(front, pages));
  writeFileSync(join(out, "llms-full.txt"), [front, ...texts].join("\n\n"));
}

rmSync(out, { recursive: true, force: true });
await buildHtml();
writeMarkdown();
const dead = findDeadLinks(out);
for (const link of dead) console.error(`leads nowhere: ${link}`);
console.log(`${out}: ${pages.length + 1} pages`);
process.exitCode = dead.length > 0 ? 1 : 0;
