/** Files that no registry has seen, and OCI layouts around them, which is what other clients push. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, open, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { digestOf, encodeImageManifest, mediaTypes, parseDigest } from "@dtuf/registry";
import type { Digest } from "@dtuf/registry";

export interface BenchFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

const blockBytes = 1 << 20;

export async function createFile(path: string, size: number): Promise<BenchFile> {
  const block = randomBytes(blockBytes);
  const file = await open(path, "w");
  for (let at = 0; at < size; at += blockBytes) {
    block.writeBigUInt64LE(BigInt(at), 8);
    await file.write(block, 0, Math.min(blockBytes, size - at), at);
  }
  await file.close();
  return changeFile(path);
}

/** Other content of the same size: nobody has its digest yet. */
export async function changeFile(path: string): Promise<BenchFile> {
  const file = await open(path, "r+");
  await file.write(randomBytes(8), 0, 8, 0);
  await file.sync();
  await file.close();
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: blockBytes })) hash.update(chunk as Buffer);
  return { path, digest: parseDigest(`sha256:${hash.digest("hex")}`), size: (await stat(path)).size };
}

export async function createFiles(directory: string, count: number, size: number): Promise<readonly BenchFile[]> {
  const files: BenchFile[] = [];
  for (let index = 0; index < count; index += 1) {
    files.push(await createFile(join(directory, `part-${String(index).padStart(3, "0")}`), size));
  }
  return files;
}

/**
 * The files as layers of one image, tagged `bench`. Layers are hard links to the files. Each has its name as its title,
 * because oras pulls no layer without one.
 */
export async function createLayout(directory: string, files: readonly BenchFile[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  const blobs = join(directory, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const blobPath = (digest: string): string => join(blobs, digest.replace("sha256:", ""));
  for (const { path, digest } of files) await link(path, blobPath(digest));
  const layers = files.map(({ path, digest, size }) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest,
    size,
    annotations: new Map([["org.opencontainers.image.title", basename(path)]]),
  }));
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: files.map(({ digest }) => digest) },
    }),
  );
  const configDescriptor = { mediaType: mediaTypes.imageConfig, digest: digestOf(config), size: config.length };
  const { descriptor, bytes } = encodeImageManifest({ config: configDescriptor, layers });
  await writeFile(blobPath(configDescriptor.digest), config);
  await writeFile(blobPath(descriptor.digest), bytes);
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const { mediaType, digest, size } = descriptor;
  const annotations = { "org.opencontainers.image.ref.name": "bench" };
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.imageIndex,
    manifests: [{ mediaType, digest, size, annotations }],
  };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
}
