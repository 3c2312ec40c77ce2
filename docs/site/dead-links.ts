/** Reads the HTML that was made: a link within the site must find its file, and its anchor there; nothing is loaded from elsewhere. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

export function findDeadLinks(site: string): readonly string[] {
  const names = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));
  const anchors = new Map(names.map((name) => [join(site, name), anchorsOf(join(site, name))]));
  return names.flatMap((name) => {
    const file = join(site, name);
    return linksOf(readFileSync(file, "utf8"))
      .filter(({ link, isLoaded }) => isDead({ link, isLoaded, file }, anchors))
      .map(({ link }) => `${name}: ${link}`);
  });
}

interface Link {
  readonly link: string;
  /** By the browser, without a click. */
  readonly isLoaded: boolean;
}

function linksOf(html: string): readonly Link[] {
  const tags = html.matchAll(/<(a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g);
  return [...tags].map(([, tag, link = ""]) => ({ link: link.replaceAll("&amp;", "&"), isLoaded: tag !== "a" }));
}

function anchorsOf(file: string): ReadonlySet<string> {
  const ids = readFileSync(file, "utf8").matchAll(/\s(?:id|name)="([^"]*)"/g);
  return new Set([...ids].map(([, id = ""]) => id));
}

function isDead(
  { link, isLoaded, file }: Link & { readonly file: string },
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  if (/^[a-z]+:/.test(link)) return isLoaded && !link.startsWith("data:");
  const [path = "", anchor = ""] = link.split("#");
  const named = path === "" ? file : join(dirname(file), decodeURIComponent(path));
  const target = path.endsWith("/") ? join(named, "index.html") : named;
  if (!existsSync(target) || statSync(target).isDirectory()) return true;
  return anchor !== "" && target.endsWith(".html") && !anchors.get(target)?.has(decodeURIComponent(anchor));
}
