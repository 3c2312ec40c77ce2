/** A reader made of the TUF rules, a pinned root and a store only: every publication must satisfy it. */
import { findTargetBlobs, latestTag, metadataFileName, parseRelease, parseRole, roleTag } from "@dtuf/format";
import { collect, type Descriptor, type ReadStore } from "@dtuf/registry";
import { createTrustedSet, findTarget, parseTargetPath, type RoleName, type TrustedSet } from "@dtuf/tuf";

const maxBytes = 64 * 1024 * 1024;

export async function readBytes(store: ReadStore, descriptor: Descriptor | undefined): Promise<Uint8Array> {
  const stream = descriptor === undefined ? undefined : await store.open(descriptor);
  if (stream === undefined) throw new TypeError(`not there: ${descriptor?.digest}`);
  return collect(stream, maxBytes);
}

/** Runs every step of a refresh from one read of `latest`. */
export async function readRelease(store: ReadStore, root: Uint8Array, now: Date): Promise<TrustedSet> {
  const latest = await store.resolve(latestTag, { want: "bytes" });
  if (latest?.bytes === undefined) throw new TypeError("nothing is published");
  const { files } = parseRelease(latest.bytes);
  const read = (role: "root" | "timestamp" | "snapshot" | "targets"): Promise<Uint8Array> =>
    readBytes(store, files.get(metadataFileName(role, set.wanted(role).version)));
  const set = createTrustedSet({ root, now });
  while (files.has(metadataFileName("root", set.wanted("root").version))) set.updateRoot(await read("root"));
  set.finishRoot();
  set.updateTimestamp(await read("timestamp"));
  set.updateSnapshot(await read("snapshot"), "source");
  set.updateTargets(await read("targets"));
  return set;
}

/** Returns undefined if the release has no such target. */
export async function readTarget(store: ReadStore, set: TrustedSet, name: string): Promise<string | undefined> {
  const load = async (role: RoleName, delegator: RoleName): Promise<void> => {
    const { version = 0 } = set.wanted(role);
    const manifest = await store.resolve(roleTag(role, version), { want: "bytes" });
    const { files } = parseRole(manifest?.bytes ?? new Uint8Array());
    set.updateDelegated(role, delegator, await readBytes(store, files.get(metadataFileName(role, version))));
  };
  const found = await findTarget(set, parseTargetPath(name), { load });
  if (found === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for (const blob of findTargetBlobs(found.file) ?? []) parts.push(await readBytes(store, blob));
  return Buffer.concat(parts).toString();
}
