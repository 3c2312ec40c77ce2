/** A target's own manifest, which any OCI tool can pull and which protects the blobs from the registry's garbage collection. */
import { encodeImageManifest, type Descriptor } from "@dtuf/registry";
import type { TargetFile, TargetPath } from "@dtuf/tuf";
import { emptyConfigBlob, type Artifact } from "./artifact.ts";
import { annotationKeys, targetArtifactType } from "./media-types.ts";
import { verifyManifestSize } from "./release.ts";
import { targetTag } from "./tags.ts";
import { findCompanionBlobs, findTargetBlobs } from "./target-blobs.ts";

/**
 * Returns undefined if there is nothing to keep (length 0) or no sha256 for the tag.
 * @throws FormatError FORMAT_TARGET_BLOBS_INVALID, FORMAT_MANIFEST_TOO_LARGE
 */
export function encodeTarget(path: TargetPath, file: TargetFile): Artifact | undefined {
  const layers = targetLayers(path, file);
  const sha256 = file.hashes.get("sha256");
  if (layers.length === 0 || sha256 === undefined) return undefined;
  const manifest = encodeImageManifest({ artifactType: targetArtifactType, layers });
  verifyManifestSize(manifest);
  return { manifest, blobs: [emptyConfigBlob], tags: [targetTag(sha256, path)] };
}

/**
 * The target's blobs as layers, titled `name`, or `name.part-001` and so on. The layer of a single-blob target has the name
 * that Docker's reader looks for, `<sha256>.<name>`. The chunk index and the patches come last, without a title, so that
 * `oras pull` leaves them out.
 */
export function targetLayers(path: TargetPath, file: TargetFile): readonly Descriptor[] {
  const blobs = titledBlobs(path, file);
  return blobs.length === 0 ? blobs : [...blobs, ...findCompanionBlobs(file)];
}

function titledBlobs(path: TargetPath, file: TargetFile): readonly Descriptor[] {
  const blobs = findTargetBlobs(file) ?? [];
  const sha256 = file.hashes.get("sha256");
  if (blobs.length === 1 && sha256 !== undefined) {
    return blobs.map((blob) => titled(blob, path, `${sha256}.${path}`));
  }
  return blobs.map((blob, index) => titled(blob, `${path}.part-${String(index + 1).padStart(3, "0")}`));
}

function titled(blob: Descriptor, title: string, filename?: string): Descriptor {
  const names: [string, string][] = [[annotationKeys.title, title]];
  if (filename !== undefined) names.unshift([annotationKeys.filename, filename]);
  return { ...blob, annotations: new Map(names) };
}
