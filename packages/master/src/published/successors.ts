/** Releases that were sent, and that `latest` does not name yet: where tags are immutable, the next number is the lock. */
import { metadataFileName, parseRelease, releaseTag, type MetadataIndex } from "@dtuf/format";
import type { Digest, ManifestContent, Resolved } from "@dtuf/registry";
import { defaultLimits, parseUnverified, type Timestamp } from "@dtuf/tuf";
import { lineageMax } from "../limits.ts";
import { readable } from "./history.ts";
import { findPublished, findRelease, readPublished, type Published } from "./published.ts";
import type { Operation } from "../state/operation.ts";

export interface Newest extends Published {
  /** "release": it has the tag of its number only, because its publisher has not moved `latest` to it yet, or never will. */
  readonly tag: "latest" | "release";
}

/** What `latest` names, or the last release from that number on, if it was built on what `latest` names. */
export async function findNewest(operation: Operation, from: number | undefined): Promise<Newest | undefined> {
  const latest = await findPublished(operation);
  if (latest === undefined) return undefined;
  // With compare-and-swap, a release that `latest` never named has been given up.
  const isWalked = from !== undefined && operation.store.swapTag === undefined;
  const own = operation.state().attempt?.release;
  const last = isWalked ? await findSuccessor(operation, from, { on: latest.release, own }) : undefined;
  return last === undefined ? { ...latest, tag: "latest" } : { ...last, tag: "release" };
}

/**
 * The last release from that number on, if it was built on `on` and its timestamp has not expired; the recorded one may
 * have. An unfinished attempt of this state's own is not followed. Publishers leave no number without a release.
 */
export async function findSuccessor(
  operation: Operation,
  from: number,
  { on, own }: { readonly on: Digest | undefined; readonly own: Digest | undefined },
): Promise<Published | undefined> {
  let last: Published | undefined;
  for (let number = from; number < from + lineageMax; number++) {
    const found = await readable(() => findRelease(operation, releaseTag(number)));
    if (found === undefined) break;
    if (found.release !== own) last = found;
  }
  if (last === undefined || last.release === on || !(await isBuiltOn(operation, last.release, on))) return undefined;
  const isRecorded = last.release === operation.state().published;
  return isRecorded || (await isUnexpired(operation, last)) ? last : undefined;
}

/** Whether that release is the other, or its predecessors lead to the other. */
export async function isBuiltOn(
  operation: Operation,
  release: Digest | undefined,
  on: Digest | undefined,
): Promise<boolean> {
  const { store, signal } = operation;
  let at = release;
  for (let step = 0; step < lineageMax && at !== undefined; step++) {
    if (at === on) return true;
    const found = await store.resolve(at, { want: "bytes", signal });
    const { bytes } = found ?? {};
    at = bytes === undefined ? undefined : (await readable(async () => parseRelease(bytes)))?.predecessor;
  }
  return false;
}

/** The manifest of that release, or of one of its predecessors, that has this timestamp version. */
export async function findNumbered(
  operation: Operation,
  release: Digest,
  number: number,
): Promise<ManifestContent | undefined> {
  const { store, signal } = operation;
  let at: Digest | undefined = release;
  for (let step = 0; step < lineageMax && at !== undefined; step++) {
    const found: Resolved | undefined = await store.resolve(at, { want: "bytes", signal });
    const { descriptor, bytes } = found ?? {};
    if (descriptor === undefined || bytes === undefined) return undefined;
    const parsed = await readable(async () => parseRelease(bytes));
    const version = parsed && (await readTimestamp(operation, parsed))?.version;
    if (version === number) return { descriptor, bytes };
    at = version === undefined || version < number ? undefined : parsed?.predecessor;
  }
  return undefined;
}

async function isUnexpired(operation: Operation, release: Published): Promise<boolean> {
  const timestamp = await readTimestamp(operation, release);
  return timestamp !== undefined && timestamp.expires > operation.now;
}

function readTimestamp(operation: Operation, release: MetadataIndex): Promise<Timestamp | undefined> {
  const source = { name: metadataFileName("timestamp"), maxBytes: defaultLimits.timestampMaxBytes };
  return readable(async () => parseUnverified(await readPublished(operation, release, source), "timestamp"));
}
