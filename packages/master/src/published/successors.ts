/** Releases that were sent, and that `latest` does not name yet: where tags are immutable, the next number is the lock. */
import { metadataFileName, parseRelease, releaseTag } from "@dtuf/format";
import type { Digest } from "@dtuf/registry";
import { defaultLimits, parseUnverified } from "@dtuf/tuf";
import { lineageMax } from "../limits.ts";
import { readable } from "./history.ts";
import { findPublished, findRelease, readPublished, type Published } from "./published.ts";
import type { Operation } from "../state/operation.ts";

/**
 * What `latest` names, or the last release from that number on, if it was built on what `latest` names and has not expired.
 * An unfinished attempt of this state's own is not followed.
 */
export async function findNewest(operation: Operation, from: number | undefined): Promise<Published | undefined> {
  const latest = await findPublished(operation);
  // With compare-and-swap, a release that `latest` never named has been given up.
  if (latest === undefined || from === undefined || operation.store.swapTag !== undefined) return latest;
  let last: Published | undefined;
  for (let number = from; number < from + lineageMax; number++) {
    const found = await readable(() => findRelease(operation, releaseTag(number)));
    if (found === undefined) break;
    last = found;
  }
  if (last === undefined || last.release === operation.state().attempt?.release) return latest;
  const follows = (await isBuiltOn(operation, last.release, latest.release)) && (await isUnexpired(operation, last));
  return follows ? last : latest;
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

async function isUnexpired(operation: Operation, release: Published): Promise<boolean> {
  const source = { name: metadataFileName("timestamp"), maxBytes: defaultLimits.timestampMaxBytes };
  const bytes = await readable(() => readPublished(operation, release, source));
  return bytes !== undefined && parseUnverified(bytes, "timestamp").expires > operation.now;
}
