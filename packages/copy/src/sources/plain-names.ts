/**
 * Names in a plain TUF repository (TUF 5 and 7.1). The name of a role or target is data: it is percent-encoded, never joined
 * to a path, so no name leads out of its base. A name that cannot be written below a base is not found.
 */
import type { TargetInfo } from "./source.ts";

/**
 * Percent-encodes everything but `A-Z a-z 0-9 - _ . ~` (RFC 3986, 2.3), like Python's `quote(name, "")`, which repository
 * tools use.
 */
export function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The file name of a role's metadata. @param version undefined: of a file whose name has no version, as `timestamp.json` */
export function metadataName(role: string, version: number | undefined): string {
  const name = `${encodeName(role)}.json`;
  return version === undefined ? name : `${version}.${name}`;
}

/**
 * Names that the target may have, the most likely first, each as path segments that are not encoded. Returns an empty list
 * if a segment is `.` or `..` or contains a NUL.
 */
export function targetNames({ path, hashes, naming }: TargetInfo): readonly (readonly string[])[] {
  const segments = path.split("/");
  if (segments.some((segment) => segment === "." || segment === ".." || segment.includes("\0"))) return [];
  if (naming === "plain") return [segments];
  const base = segments.at(-1) ?? "";
  return [...hashes.values()].map((hash) => [...segments.slice(0, -1), `${hash}.${base}`]);
}
