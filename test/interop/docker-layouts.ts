/** Docker's OCI layouts, one directory per tag, put into a store as Docker's tool pushes them to a registry. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, mediaTypes, parseManifest, parseTag, type Descriptor, type WriteStore } from "@dtuf/registry";

/** `latest` in the directory itself, every other tag in a directory of its name. */
export async function pushMetadataLayout(directory: string, store: WriteStore): Promise<void> {
  await pushLayout(directory, store, "latest");
  await pushTargetLayouts(directory, store);
}

export async function pushTargetLayouts(directory: string, store: WriteStore): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== "blobs") await pushLayout(join(directory, entry.name), store, entry.name);
  }
}

/** A layout of one manifest is that manifest; one of several is an index, which `index.json` then is word for word. */
async function pushLayout(directory: string, store: WriteStore, name: string): Promise<void> {
  const tags = [parseTag(name)];
  const bytes = await readFile(join(directory, "index.json"));
  const index = parseManifest(bytes);
  if (index.kind !== "index") throw new TypeError(`${directory} is no layout`);
  const manifests = index.manifests.map(({ digest }) => digest.slice("sha256:".length));
  const blobs = join(directory, "blobs", "sha256");
  for (const file of await readdir(blobs)) {
    if (!manifests.includes(file)) await put(store, await readFile(join(blobs, file)), mediaTypes.octetStream);
  }
  const [only] = manifests;
  for (const file of manifests) {
    const manifest = await readFile(join(blobs, file));
    const descriptor = describe(manifest, mediaTypes.imageManifest);
    await store.put(descriptor, manifest, manifests.length === 1 && file === only ? { tags } : {});
  }
  if (manifests.length !== 1) await store.put(describe(bytes, mediaTypes.imageIndex), bytes, { tags });
}

function put(store: WriteStore, bytes: Uint8Array, mediaType: string): Promise<void> {
  return store.put(describe(bytes, mediaType), bytes);
}

function describe(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
