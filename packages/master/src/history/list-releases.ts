/** The releases that the registry still has, and what each of them changed: verified like one that is returned to. */
import { metadataFileName, parseReleaseTag, releaseTag } from "@dtuf/format";
import { digestOf, forEachConcurrently, OciError } from "@dtuf/registry";
import type { ListedRelease, ReleaseChanges, ReleaseList } from "../contract/releases.ts";
import { readable } from "../published/history.ts";
import { findPublished, findRelease, readPublished, type Published } from "../published/published.ts";
import { extendChain, openRootSet, readRoots, walkRoots } from "../published/root-chain.ts";
import type { Operation } from "../state/operation.ts";
import { compareContents, verifyRelease, type Content } from "./rollback.ts";

/** Releases that follow one another and have the same files but for the timestamp. */
interface Group {
  readonly since: number;
  readonly release: number;
  readonly files: string;
  readonly published: Published;
}

/**
 * Numbers above the current release are unfinished work of some publisher, and left out.
 * @param most so many of the highest numbers are read
 * @throws OciError OCI_UNSUPPORTED if the store cannot list
 */
export async function listReleases(operation: Operation, most: number): Promise<ReleaseList> {
  const latest = await readable(() => findPublished(operation));
  const root = await newestRoot(operation, latest);
  const current = latest && (await readable(() => readNumber(operation, latest, root)));
  const numbers = await listNumbers(operation, current);
  const list = createList(operation, { root, isCurrent: currentIn(latest, current) });
  for await (const group of readGroups(operation, numbers.slice(0, most).toReversed())) await list.add(group);
  return { releases: list.releases.toReversed(), unread: Math.max(0, numbers.length - most) };
}

/** Any number may name the same manifest: only one can be right. */
function currentIn(latest: Published | undefined, current: number | undefined): ListOptions["isCurrent"] {
  return ({ release, published }) => published.release === latest?.release && release === (current ?? release);
}

/** The newest that leads from the pinned one to what is published, which another machine may have published. */
async function newestRoot(operation: Operation, latest: Published | undefined): Promise<Uint8Array> {
  const recorded = await readRoots(operation, operation.state());
  const extended = latest && (await readable(() => extendChain(operation, latest, recorded)));
  return walkRoots(extended ?? recorded).root.bytes;
}

async function readNumber(operation: Operation, latest: Published, root: Uint8Array): Promise<number | undefined> {
  const set = openRootSet(root);
  const file = { name: metadataFileName("timestamp"), maxBytes: set.wanted("timestamp").maxBytes };
  set.updateTimestamp(await readPublished(operation, latest, file));
  return set.timestamp?.signed.version;
}

/** The highest first. */
async function listNumbers({ store, signal }: Operation, current = Infinity): Promise<readonly number[]> {
  if (store.listTags === undefined) throw new OciError("OCI_UNSUPPORTED", "this store cannot list tags");
  const numbers: number[] = [];
  for await (const tag of store.listTags({ signal })) {
    const number = parseReleaseTag(tag);
    if (number !== undefined && number <= current) numbers.push(number);
  }
  return numbers.toSorted((a, b) => b - a);
}

/** Only a few manifests are in memory at a time, because a repository can have very many releases. */
async function* readGroups(operation: Operation, numbers: readonly number[]): AsyncGenerator<Group> {
  let open: Group | undefined;
  for (let at = 0; at < numbers.length; at += operation.concurrency) {
    for (const [release, published] of await readSome(operation, numbers.slice(at, at + operation.concurrency))) {
      const files = filesOf(published);
      if (open !== undefined && open.files !== files) yield open;
      open = { since: open?.files === files ? open.since : release, release, files, published };
    }
  }
  if (open !== undefined) yield open;
}

async function readSome(
  operation: Operation,
  numbers: readonly number[],
): Promise<readonly (readonly [number, Published])[]> {
  const found = new Map<number, Published>();
  await forEachConcurrently(numbers, operation.concurrency, async (number) => {
    const published = await readable(() => findRelease(operation, releaseTag(number)));
    if (published !== undefined) found.set(number, published);
  });
  return [...found].toSorted(([a], [b]) => a - b);
}

function filesOf({ files }: Published): string {
  const others = [...files].filter(([name]) => name !== metadataFileName("timestamp"));
  const lines = others.map(([name, { digest }]) => `${name} ${digest}`).toSorted((a, b) => (a < b ? -1 : 1));
  return digestOf(Buffer.from(lines.join("\n")));
}

interface ListOptions {
  readonly root: Uint8Array;
  readonly isCurrent: (group: Group) => boolean;
}

/** To be given the groups from the oldest to the newest. */
function createList(
  operation: Operation,
  { root, isCurrent }: ListOptions,
): { readonly releases: readonly ListedRelease[]; readonly add: (group: Group) => Promise<void> } {
  const releases: ListedRelease[] = [];
  let before: Content | undefined;
  return {
    releases,
    async add(group) {
      const { since, release, published } = group;
      const content = await readable(() => verifyRelease(operation, published, { release, root }));
      const changes = before && content && (await countChanges(operation, before, content));
      const isSame = changes !== undefined && Object.values(changes).every((count) => count === 0);
      const last = isSame ? releases.pop() : undefined;
      releases.push({
        release,
        since: last?.since ?? since,
        isCurrent: isCurrent(group),
        isTrusted: content !== undefined,
        expires: content?.expires,
        targets: content?.targets.delegations?.kind === "succinct" ? undefined : content?.targets.targets.size,
        changes: last === undefined ? changes : last.changes,
      });
      before = content;
    },
  };
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
