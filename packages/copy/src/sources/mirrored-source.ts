import type { Source } from "./source.ts";

/** Joins several sources of one repository, in order of preference. */
export function createMirroredSource(sources: readonly Source[]): Source {
  const sites = sources.flatMap((source) => source.sites);
  if (sites.length === 0) throw new TypeError("a mirrored source needs at least one source");
  return { sites };
}
