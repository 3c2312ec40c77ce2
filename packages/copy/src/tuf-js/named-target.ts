/** A target by the name that TUF clients ask for, `dir/<sha256>.<name>`: of its size and its blobs they say nothing. */
import { blobDigest, targetTag } from "@dtuf/format";
import { hasCapability, parseManifest, type ByteStream, type Descriptor, type ReadStore } from "@dtuf/registry";
import { parseTargetPath } from "@dtuf/tuf";

/** From the target's own manifest, whose layers it is; else by its digest, where the store can find a blob's size. */
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
    // An early end: the client's length check says that bytes are missing.
    if (stream === undefined) return;
    yield* stream;
  }
}
