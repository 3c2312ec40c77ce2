/** OCI content for tests. */
import {
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageManifest,
  mediaTypes,
  type ByteStream,
  type ContentSource,
  type Descriptor,
  type ManifestContent,
  type Resolved,
  type WriteStore,
} from "@dtuf/registry";
import { randomBytes } from "node:crypto";

export function randomContent(length: number): Uint8Array {
  return randomBytes(length);
}

export function blobOf(bytes: Uint8Array, algorithm?: "sha256" | "sha512"): Descriptor {
  return { mediaType: mediaTypes.octetStream, digest: digestOf(bytes, algorithm), size: bytes.length };
}

export function sourceOf(bytes: Uint8Array, chunkBytes: number): ContentSource {
  return {
    async *open(offset): ByteStream {
      for (let at = offset; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    },
  };
}

/** A target's part of this text. */
export function content(text: string): { readonly kind: "content"; readonly content: ContentSource } {
  const bytes = Buffer.from(text);
  return { kind: "content", content: sourceOf(bytes, bytes.length) };
}

/** Puts a manifest of one new blob, and everything that it needs. */
export async function putManifest(
  store: WriteStore,
  more: Partial<Parameters<typeof encodeImageManifest>[0]> = {},
): Promise<ManifestContent> {
  const bytes = randomContent(16);
  const layer = blobOf(bytes);
  await store.put(layer, bytes);
  await store.put({ ...emptyConfig, mediaType: mediaTypes.octetStream }, emptyConfigBytes);
  const manifest = encodeImageManifest({ artifactType: "application/vnd.example.thing", layers: [layer], ...more });
  await store.put(manifest.descriptor, manifest.bytes);
  return manifest;
}

export function named(resolved: Resolved | undefined): unknown {
  const { mediaType, digest, size } = resolved?.descriptor ?? {};
  return { mediaType, digest, size };
}

export function core({ mediaType, digest, size }: Descriptor): unknown {
  return { mediaType, digest, size };
}

/** An empty stream. */
export function nothing(): ByteStream {
  return sourceOf(new Uint8Array(), 1).open(0);
}

export async function listAll<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await listAll(stream));
}
