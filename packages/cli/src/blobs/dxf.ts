/** Shared by dxf's commands. An argument is a digest or `@alias`; without one, a manifest is read from stdin. */
import {
  collect,
  encodeImageManifest,
  hasCapability,
  isDigest,
  manifestReadMaxBytes,
  mediaTypes,
  OciError,
  parseTag,
  type BlobFinder,
  type Deleter,
  type Descriptor,
  type Digest,
  type ManifestContent,
  type ReadStore,
  type StoreOptions,
  type WriteStore,
} from "@dtuf/registry";
import { openAlias, openImages, parseAlias, type Alias, type AliasImage } from "./alias.ts";
import type { Context } from "../context/command.ts";
import { openRepository } from "../connection/connection.ts";
import { UsageError } from "../context/usage.ts";

export async function withStore<Result>(
  context: Context,
  repo: string,
  work: (store: WriteStore) => Promise<Result>,
): Promise<Result> {
  const connection = await openRepository(context, repo);
  try {
    return await work(connection.store);
  } finally {
    await connection.close();
  }
}

export type Images = AliasImage | ReadonlyMap<string, AliasImage>;

/** The named aliases; without names, the one whose manifest is read from stdin. */
export async function openNamed(
  context: Context,
  store: ReadStore,
  names: readonly string[],
): Promise<readonly Images[]> {
  const options = { platform: context.values.text("platform"), signal: context.io.signal };
  const aliases: Alias[] = [];
  if (names.length === 0) aliases.push(await readAlias(context));
  for (const name of names) aliases.push(await openAlias(store, name, options));
  const images: Images[] = [];
  for (const alias of aliases) images.push(await openImages(store, alias, options));
  return images;
}

/** The manifest on stdin. @throws UsageError if stdin is empty; OciError OCI_MANIFEST_INVALID */
export async function readAlias({ io }: Context): Promise<Alias> {
  const bytes = await collect(io.stdin.stream, manifestReadMaxBytes);
  if (bytes.length > 0) return parseAlias(bytes);
  throw new UsageError("no name was given, and stdin is empty", "name an @alias, or give a manifest on stdin");
}

export function isImage(images: Images): images is AliasImage {
  return "kind" in images;
}

/** Prints one value for each platform as dxf does: JSON with sorted keys. */
export function perPlatform(
  images: ReadonlyMap<string, AliasImage>,
  value: (image: AliasImage) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...images].map(([name, image]) => [name, value(image)]));
}

/** @throws UsageError if it is not a digest */
export function parseDigestArgument(word: string): Digest {
  if (isDigest(word)) return word;
  throw new UsageError(
    `not a digest: ${JSON.stringify(word)}`,
    "a digest is written sha256: and 64 hex digits; an alias is written @name",
  );
}

export function parseAliasArgument(word: string): string | undefined {
  return word.startsWith("@") ? word.slice(1) : undefined;
}

/** @throws UsageError if the argument is not an `@alias` */
export function parseAliasToSet(word: string | undefined): string | undefined {
  if (word === undefined) return undefined;
  const alias = parseAliasArgument(word);
  if (alias === undefined) throw new UsageError(`not an alias: ${JSON.stringify(word)}`, "an alias is written @name");
  return parseTag(alias);
}

/** The size of a blob of which only the digest is known. @throws OciError OCI_NOT_FOUND */
export async function findBlob(store: ReadStore, digest: Digest, options: StoreOptions): Promise<Descriptor> {
  const found = await blobFinder(store).findBlob(digest, options);
  if (found === undefined) throw new OciError("OCI_NOT_FOUND", `no blob ${digest}`, { details: { digest } });
  return found;
}

export function blobFinder(store: ReadStore): ReadStore & BlobFinder {
  if (hasCapability(store, "findBlob")) return store;
  throw new OciError("OCI_UNSUPPORTED", "this store cannot look up a blob by its digest alone");
}

export function deleter(store: WriteStore): WriteStore & Deleter {
  if (hasCapability(store, "deleteTag")) return store;
  throw new OciError("OCI_UNSUPPORTED", "this store cannot delete");
}

/**
 * The manifest of an alias. Its config is its first blob, as dxf has it, so that `get-digest` keeps its meaning and the
 * Python dxf reads it; its media type is the image spec's, so that every OCI tool does.
 * @throws UsageError without a blob
 */
export function encodeAlias(blobs: readonly Descriptor[]): ManifestContent {
  const [first] = blobs;
  if (first === undefined) throw new UsageError("an alias needs at least one blob");
  const { annotations: _none, ...config } = first;
  return encodeImageManifest({ config, layers: blobs });
}

export async function setAlias(
  store: WriteStore,
  { alias, blobs }: { readonly alias: string; readonly blobs: readonly Descriptor[] },
  options: StoreOptions,
): Promise<ManifestContent> {
  const manifest = encodeAlias(blobs);
  await store.put(manifest.descriptor, manifest.bytes, { ...options, tags: [parseTag(alias)] });
  return manifest;
}

/** A word with a path separator is a file to hash, `-` is stdin, and any other word is a digest in the registry. */
export async function describeBlobs(
  store: ReadStore,
  words: readonly string[],
  { hash, ...options }: StoreOptions & { readonly hash: (path: string) => Promise<Descriptor> },
): Promise<readonly Descriptor[]> {
  const blobs: Descriptor[] = [];
  for (const word of words) {
    blobs.push(
      word.includes("/") || word === "-" ? await hash(word) : await findBlob(store, parseDigestArgument(word), options),
    );
  }
  return blobs.map((blob) => ({ ...blob, mediaType: mediaTypes.octetStream }));
}
