/**
 * Names in a plain TUF repository (TUF 5 and 7.1). A role's or target's name is data: it is percent-encoded, never joined,
 * so no name leaves the base that it is looked up under. What cannot be written below a base is not there.
 */
import type { TargetInfo } from "./source.ts";

/** Everything but `A-Z a-z 0-9 - _ . ~` (RFC 3986, 2.3), as Python's `quote(name, "")`, which repositories are written with. */
export function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function metadataName(role: string, version: number | undefined): string {
  const name = `${encodeName(role)}.json`;
  return version === undefined ? name : `${version}.${name}`;
}

/**
 * Under which names the target may be kept, the likeliest first, each as path segments that are not encoded. None where
 * a segment would be `.`, `..` or would hold a NUL.
 */
export function targetNames({ path, hashes, naming }: TargetInfo): readonly (readonly string[])[] {
  const segments = path.split("/");
  if (segments.some((segment) => segment === "." || segment === ".." || segment.includes("\0"))) return [];
  if (naming === "plain") return [segments];
  const base = segments.at(-1) ?? "";
  return [...hashes.values()].map((hash) => [...segments.slice(0, -1), `${hash}.${base}`]);
}
