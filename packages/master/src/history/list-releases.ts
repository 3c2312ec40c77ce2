/** The releases that the registry still has, and what each of them changed: verified like one that is returned to. */
import { metadataFileName, parseReleaseTag, releaseTag } from "@dtuf/format";
import { forEachConcurrently, OciError } from "@dtuf/registry";
import type { ListedRelease, ReleaseChanges, ReleaseList } from "../contract/releases.ts";
import { readable } from "../published/history.ts";
import { findRelease, latestDigest, type Published } from "../published/published.ts";
import type { Operation } from "../state/operation.ts";
import { compareContents, verifyRelease, type Content } from "./rollback.ts";

/** Releases that follow one another and have the same files but for the timestamp. */
interface Group {
  readonly since: number;
  readonly release: number;
  readonly published: Published;
}

/**
 * Numbers above the current release are unfinished work of some publisher, and left out.
 * @param most so many of the highest numbers are read
 * @throws OciError OCI_UNSUPPORTED if the store cannot list
 */
export async function listReleases(operation: Operation, most: number): Promise<ReleaseList> {
  const numbers = await listNumbers(operation);
  const found = new Map<number, Published>();
  await forEachConcurrently(numbers.slice(0, most), operation.concurrency, async (number) => {
    const published = await readable(() => findRelease(operation, releaseTag(number)));
    if (published !== undefined) found.set(number, published);
  });
  const latest = await latestDigest(operation, "any");
  const current = numbers.find((number) => found.get(number)?.release === latest);
  const shown = [...found].filter(([number]) => number <= (current ?? Infinity)).toSorted(([a], [b]) => a - b);
  const releases: ListedRelease[] = [];
  let before: Content | undefined;
  for (const group of groupEqual(shown)) {
    const content = await readable(() => verifyRelease(operation, group.published, group.release));
    const changes = before && content && (await countChanges(operation, before, content));
    const isSame = changes !== undefined && Object.values(changes).every((count) => count === 0);
    const last = isSame ? releases.pop() : undefined;
    releases.push({
      release: group.release,
      since: last?.since ?? group.since,
      isCurrent: group.release === current,
      isTrusted: content !== undefined,
      expires: content?.expires,
      targets: content?.targets.delegations?.kind === "succinct" ? undefined : content?.targets.targets.size,
      changes: last === undefined ? changes : last.changes,
    });
    before = content;
  }
  return { releases: releases.toReversed(), unread: Math.max(0, numbers.length - most) };
}

/** The highest first. */
async function listNumbers({ store, signal }: Operation): Promise<readonly number[]> {
  if (store.listTags === undefined) throw new OciError("OCI_UNSUPPORTED", "this store cannot list tags");
  const numbers: number[] = [];
  for await (const tag of store.listTags({ signal })) {
    const number = parseReleaseTag(tag);
    if (number !== undefined) numbers.push(number);
  }
  return numbers.toSorted((a, b) => b - a);
}

function groupEqual(shown: readonly (readonly [number, Published])[]): readonly Group[] {
  const groups: Group[] = [];
  for (const [release, published] of shown) {
    const last = groups.at(-1);
    const isSame = last !== undefined && filesOf(last.published) === filesOf(published);
    if (isSame) groups.pop();
    groups.push({ since: isSame ? last.since : release, release, published });
  }
  return groups;
}

function filesOf({ files }: Published): string {
  const others = [...files].filter(([name]) => name !== metadataFileName("timestamp"));
  return others
    .map(([name, { digest }]) => `${name} ${digest}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join("\n");
}

async function countChanges(
  operation: Operation,
  before: Content,
  after: Content,
): Promise<ReleaseChanges | undefined> {
  const changed = await readable(() => compareContents(operation, before, after));
  if (changed === undefined) return undefined;
  const count = (change: string): number => changed.filter((each) => each.change === change).length;
  return { added: count("add"), changed: count("replace"), removed: count("delete") };
}
