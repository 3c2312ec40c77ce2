/** Finds a target by the name that TUF clients request, `dir/<sha256>.<name>`, without its size and its blobs. */
import { blobDigest, targetTag } from "@dtuf/format";
import { hasCapability, parseManifest, type ByteStream, type Descriptor, type ReadStore } from "@dtuf/registry";
import { parseTargetPath } from "@dtuf/tuf";

/**
 * Opens the layers of the target's own manifest; else the blob with its digest, if the store can find the size of a blob.
 */
export async function openNamedTarget(
  store: ReadStore,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ByteStream | undefined> {
  const match = /^(.*\/)?([0-9a-f]{64})\.([^/]+)$/s.exec(name);
  if (match === null) return undefined;
  const [, directory = "", sha256 = "", base = ""] = match;
  const tag = targetTag(sha256, parseTargetPath(directory + base));
  const manifest = await store.resolve(tag, { want: "bytes", signal });
  if (manifest?.bytes !== undefined) {
    const parsed = parseManifest(manifest.bytes);
    if (parsed.kind === "manifest") return openLayers(store, parsed.layers, signal);
  }
  if (!hasCapability(store, "findBlob")) return undefined;
  return (await store.openBlob(blobDigest(new Map([["sha256", sha256]])), { signal }))?.stream;
}

async function openLayers(
  store: ReadStore,
  layers: readonly Descriptor[],
  signal: AbortSignal | undefined,
): Promise<ByteStream | undefined> {
  const [first, ...rest] = layers;
  const opened = first === undefined ? undefined : await store.open(first, { signal });
  return opened === undefined ? undefined : concatenate(opened, rest, { store, signal });
}

async function* concatenate(
  opened: ByteStream,
  rest: readonly Descriptor[],
  { store, signal }: { readonly store: ReadStore; readonly signal: AbortSignal | undefined },
): ByteStream {
  yield* opened;
  for (const layer of rest) {
    const stream = await store.open(layer, { signal });
    // End early: the length check of the client reports that bytes are missing.
    if (stream === undefined) return;
    yield* stream;
  }
}
