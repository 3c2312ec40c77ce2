/** Which tags of a repository are taken, and in which order. */
import type { TagName } from "@dtuf/registry";
import type { TagTest } from "./tag-pattern.ts";

export interface TagFilters {
  /** A tag has to match one of them, if there are any. */
  readonly include?: readonly TagTest[] | undefined;
  /** A tag must match none of them. */
  readonly exclude?: readonly TagTest[] | undefined;
  /** The so many highest versions among the tags that are versions; others are left out. */
  readonly newest?: number | undefined;
}

/** In the order of their names, or with `newest` from the highest version down. */
export async function filterTags(
  tags: Iterable<TagName>,
  { include = [], exclude = [], newest }: TagFilters,
): Promise<readonly TagName[]> {
  const wanted = [...new Set(tags)]
    .filter((tag) => include.length === 0 || include.some((matches) => matches(tag)))
    .filter((tag) => !exclude.some((matches) => matches(tag)))
    .toSorted(compareText);
  if (newest === undefined) return wanted;
  const { newestVersions } = await import("./tag-pattern.ts");
  return newestVersions(wanted, newest);
}

/** By code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
