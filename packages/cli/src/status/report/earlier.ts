/** The release before the last one that changed more than its timestamp. */
import { createStoreSource } from "@dtuf/copy";
import { findFileVersion, FormatError, latestTag, parseRelease, releaseTag } from "@dtuf/format";
import { OciError, type ReadStore } from "@dtuf/registry";
import { CopyError } from "@dtuf/copy";
import { TufError } from "@dtuf/tuf";
import { described, type Notebook } from "./asked.ts";
import { compareReleases } from "./changes.ts";
import { lookAsClient, type Seen } from "./client-look.ts";
import { earlierReleasesMax } from "./limits.ts";
import type { Changes } from "./report.ts";

export interface EarlierLook {
  readonly store: ReadStore;
  readonly notebook: Notebook;
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/** Verified from the same root. What cannot be read, or is refused, is a reason, because only history is missing then. */
export async function compareWithEarlier(seen: Seen, look: EarlierLook): Promise<Changes> {
  try {
    const found = await findEarlier(seen, look);
    if (typeof found === "string") return { why: found, lines: { shown: [], more: 0 } };
    const source = createStoreSource(showRelease(look.store, found));
    const before = await lookAsClient({
      source,
      root: seen.pin.bytes,
      mode: "online",
      now: look.now,
      signal: look.signal,
    });
    const snapshot = before.set.snapshot?.signed.version ?? 0;
    return { since: { release: found, snapshot }, lines: compareReleases(before.set, seen.set) };
  } catch (error) {
    const isKnown = TufError.is(error) || CopyError.is(error) || OciError.is(error) || FormatError.is(error);
    if (!isKnown) throw error;
    return { why: `the earlier release cannot be used: ${error.message}`, lines: { shown: [], more: 0 } };
  }
}

/** The number of the release, or why there is none. */
async function findEarlier({ set }: Seen, { store, notebook, signal }: EarlierLook): Promise<number | string> {
  const newest = set.timestamp?.signed.version ?? 1;
  const snapshot = set.snapshot?.signed.version ?? 1;
  const least = Math.max(1, newest - earlierReleasesMax);
  for (let version = newest - 1; version >= least; version -= 1) {
    const found = await notebook.ask(
      `release ${version}`,
      () => store.resolve(releaseTag(version), { want: "bytes", signal }),
      (resolved) => described(resolved?.descriptor.digest),
    );
    if (found?.bytes === undefined) return `release ${version} is not there any more`;
    const versions = [...parseRelease(found.bytes).files.keys()].map((name) => findFileVersion(name, "snapshot") ?? 0);
    if (Math.max(0, ...versions) < snapshot) return version;
  }
  if (newest === 1) return "this is the first release";
  return `the last ${newest - least} releases before this one differ in their timestamps alone`;
}

/** The store as it was when that release was the newest. */
function showRelease(store: ReadStore, version: number): ReadStore {
  return {
    open: (descriptor, options) => store.open(descriptor, options),
    has: (descriptor, options) => store.has(descriptor, options),
    resolve: (name, options) => store.resolve(name === latestTag ? releaseTag(version) : name, options),
  };
}
