/** Filters and orders the tags of a repository. */
import type { TagName } from "@dtuf/registry";
import type { TagTest } from "./tag-pattern.ts";

export interface TagFilters {
  /** A tag must match at least one of them, if the list is not empty. */
  readonly include?: readonly TagTest[] | undefined;
  /** A tag must not match any of them. */
  readonly exclude?: readonly TagTest[] | undefined;
  /** Selects only this many highest versions. Tags that are not versions are left out. */
  readonly newest?: number | undefined;
}

/** Returns the tags in the order of their names, or with `newest` from the highest version down. */
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

/** Compares by code units, which gives the same order on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
