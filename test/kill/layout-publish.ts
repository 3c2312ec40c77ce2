/** A small publisher, to be killed: puts a release into a layout, moves a tag to it and deletes the release before. */
import {
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageManifest,
  mediaTypes,
  parseTag,
  type ManifestContent,
} from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";

export const latest = parseTag("latest");

export interface Release {
  readonly blobs: readonly Uint8Array[];
  readonly manifest: ManifestContent;
}

export function createRelease(version: number): Release {
  const blobs = [Buffer.alloc(3000, `release ${version} `), Buffer.from("shared")];
  const layers = blobs.map((bytes) => ({
    mediaType: mediaTypes.octetStream,
    digest: digestOf(bytes),
    size: bytes.length,
  }));
  return { blobs, manifest: encodeImageManifest({ artifactType: "application/vnd.example.release", layers }) };
}

export async function publishRelease(directory: string, version: number): Promise<void> {
  const store = createLayoutStore({ directory });
  const { blobs, manifest } = createRelease(version);
  for (const bytes of blobs) {
    const chunks = {
      open: async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
      },
    };
    await store.put({ mediaType: mediaTypes.octetStream, digest: digestOf(bytes), size: bytes.length }, chunks);
  }
  await store.put(emptyConfig, emptyConfigBytes);
  await store.put(manifest.descriptor, manifest.bytes, { tags: [parseTag(`release.${version}`)] });
  await store.tag(latest, manifest.descriptor);
  await store.deleteManifest(createRelease(version - 1).manifest.descriptor.digest);
}

if (import.meta.main) await publishRelease(process.argv[3] ?? "", Number(process.argv[2]));
