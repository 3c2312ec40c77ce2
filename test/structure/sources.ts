/** The source files of every package, read as text: what they import and what their code says. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root: string = resolve(import.meta.dirname, "../..");

export interface Import {
  readonly specifier: string;
  /** As they are named where they come from. */
  readonly names: readonly string[];
}

export interface SourceFile {
  /** Relative to the root, as in packages/tuf/src/root.ts */
  readonly path: string;
  readonly kind: "source" | "test";
  /** Without comments and quoted strings. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Package {
  /** Its folder's name. */
  readonly folder: string;
  readonly manifest: PackageManifest;
  readonly files: readonly SourceFile[];
}

export interface PackageManifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function readPackages(): readonly Package[] {
  return readdirSync(join(root, "packages")).map((folder) => {
    const path = join("packages", folder);
    const manifest = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as PackageManifest;
    const names = readdirSync(join(root, path, "src"), { recursive: true, encoding: "utf8" });
    const files = names.filter((name) => name.endsWith(".ts")).toSorted();
    return { folder, manifest, files: files.map((name) => readSource(join(path, "src", name))) };
  });
}

export function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8").replace(
    commentOrString,
    (_match, string?: string) => string ?? "",
  );
  return {
    path,
    kind: path.endsWith(".test.ts") ? "test" : "source",
    code: text.replace(commentOrString, '""'),
    imports: [...text.matchAll(importStatement)].map(({ groups = {} }) => ({
      specifier: groups["from"] ?? groups["bare"] ?? groups["dynamic"] ?? "",
      names: [...(groups["clause"] ?? "").matchAll(/(?:type\s+)?([\w$*]+)(?:\s+as\s+[\w$]+)?/g)].map(
        (match) => match[1] ?? "",
      ),
    })),
  };
}

/** Strings come along so that a `//` in one of them starts no comment. Templates stay: they hold code. */
const commentOrString = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\/[^\n]*|\/\*[^]*?\*\//g;

const importStatement =
  /\b(?:import|export)\s+(?:type\s+)?(?<clause>[\w$*\s,{}]*?)\s*\bfrom\s*"(?<from>[^"]+)"|^import\s+"(?<bare>[^"]+)"|\bimport\(\s*"(?<dynamic>[^"]+)"/gm;
