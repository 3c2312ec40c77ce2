/** The files of a repository as they lie in its registry. Nothing is verified. */
import { encodeRelease, latestTag, metadataFileName, parseRelease, parseRole, roleTag } from "@dtuf/format";
import type { ReadStore, WriteStore } from "@dtuf/registry";
import { parseRoleName } from "@dtuf/tuf";
import { readBytes } from "../reference-reader.ts";

/** Those of the release under `latest`, by name. */
export async function readFiles(store: ReadStore): Promise<Map<string, Uint8Array>> {
  const latest = await store.resolve(latestTag, { want: "bytes" });
  const { files } = parseRelease(latest?.bytes ?? new Uint8Array());
  return new Map(
    await Promise.all([...files].map(async ([name, file]) => [name, await readBytes(store, file)] as const)),
  );
}

/** The file of a top-level role in that release. */
export async function readTopLevel(store: ReadStore, role: string): Promise<Uint8Array> {
  const found = [...(await readFiles(store))].find(([name]) => name.endsWith(`${role}.json`));
  if (found === undefined) throw new TypeError(`no ${role} is published`);
  return found[1];
}

/** The file of a delegated role. */
export async function readRole(store: ReadStore, role: string, version: number): Promise<Uint8Array> {
  const manifest = await store.resolve(roleTag(parseRoleName(role), version), { want: "bytes" });
  const { files } = parseRole(manifest?.bytes ?? new Uint8Array());
  return readBytes(store, files.get(metadataFileName(role, version)));
}

/** Anybody who may write to the registry can put any files under `latest`. */
export async function showFiles(
  store: WriteStore,
  files: ReadonlyMap<string, Uint8Array>,
  timestampVersion = 99,
): Promise<void> {
  const list = [...files].map(([name, bytes]) => ({ name, bytes }));
  const { manifest, blobs } = encodeRelease({ files: list, timestampVersion });
  for (const { descriptor, bytes } of blobs) await store.put(descriptor, bytes);
  await store.put(manifest.descriptor, manifest.bytes, { tags: [latestTag] });
}
