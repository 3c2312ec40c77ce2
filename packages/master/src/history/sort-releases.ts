/** Which of the releases that a registry shows stay, and which are deleted. */
import { parseReleaseTag, releaseTag } from "@dtuf/format";
import { forEachConcurrently, type Digest, type TagName } from "@dtuf/registry";
import { MasterError } from "../errors.ts";
import type { Base } from "../published/base.ts";
import { findRelease, type ShownRelease } from "../published/history.ts";
import type { Operation } from "../state/operation.ts";

const graceMs = 86_400_000;

export interface SortedReleases {
  readonly kept: readonly ShownRelease[];
  readonly doomed: readonly ShownRelease[];
}

/**
 * Releases above the current one are unfinished work of some publisher and are not touched.
 * @throws MasterError MASTER_METADATA_UNAVAILABLE if the list is behind, or if one of the two releases that stay cannot be read
 */
export async function sortReleases(
  operation: Operation,
  base: Base,
  tags: readonly TagName[],
): Promise<SortedReleases> {
  const current = base.timestamp.signed.version;
  const versions = tags.flatMap((tag) => parseReleaseTag(tag) ?? []).filter((version) => version <= current);
  if (!versions.includes(current))
    throw undecided(current, "is not in the registry's list of tags, which may be behind");
  const shown = new Map<number, ShownRelease>();
  await forEachConcurrently(versions, operation.concurrency, async (version) => {
    const release = await findRelease(operation, version);
    if (release !== undefined) shown.set(version, release);
  });
  // What they refer to must stay, so that it must be known. Of those before them an earlier prune may have left the tag alone.
  const missing = versions
    .toSorted((a, b) => b - a)
    .slice(0, 2)
    .find((version) => !shown.has(version));
  if (missing !== undefined) throw undecided(missing, "cannot be read");
  const releases = distinct([...shown.values()].toSorted((a, b) => a.version - b.version));
  const before = operation.now.getTime() - graceMs;
  const doomed = releases.slice(0, -2).filter((_, index) => {
    const successor = releases[index + 1];
    return successor !== undefined && successor.expires.getTime() <= before;
  });
  return { kept: releases.filter((release) => !doomed.includes(release)), doomed };
}

function undecided(version: number, why: string): MasterError {
  const tag = releaseTag(version);
  const message = `${tag} ${why}: nothing was deleted; try again later, or after the next publication`;
  return new MasterError("MASTER_METADATA_UNAVAILABLE", message, { details: { tag } });
}

/** The highest number of a release is its own. */
function distinct(shown: readonly ShownRelease[]): readonly ShownRelease[] {
  const releases = new Map<Digest, ShownRelease>();
  for (const release of shown) {
    const { digest, tags } = release;
    const before = releases.get(digest)?.tags ?? [];
    releases.delete(digest);
    releases.set(digest, { ...release, tags: [...before, ...tags] });
  }
  return [...releases.values()];
}
