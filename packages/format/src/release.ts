/**
 * A release: the manifest that the tag `latest` names, with every root, the timestamp, the snapshot and the
 * top-level targets file as layers. One GET tells a reader the digest of every file that a refresh needs.
 *
 * Everything read here is only a hint: a reader verifies a descriptor's bytes by TUF's rules.
 */
import {
  encodeImageManifest,
  isDigest,
  manifestMaxBytes,
  OciError,
  parseManifest,
  type Descriptor,
  type Digest,
  type ManifestContent,
} from "@dtuf/registry";
import { emptyConfigBlob, metadataLayer, type Artifact } from "./artifact.ts";
import { FormatError } from "./errors.ts";
import { annotationKeys, metadataMediaType, repositoryArtifactType } from "./media-types.ts";
import { metadataFileName, type MetadataFile } from "./metadata-file.ts";
import { releaseTag } from "./tags.ts";

/** Smaller files are inlined in their descriptors: a saved round trip is worth a third more bytes. */
const inlineMaxBytes = 4096;

/** The timestamp is read at every change, so one with several ML-DSA signatures (9,254 hex digits each) is inlined too. */
const inlineTimestampMaxBytes = 65_536;

/** Maximum total of inlined bytes: half the manifest, so that a thousand roots still have room for their descriptors. */
const inlineTotalMaxBytes: number = manifestMaxBytes / 2;

export interface ReleaseContent {
  /** In this order: every root from the first, snapshot, targets, timestamp. */
  readonly files: readonly MetadataFile[];
  readonly timestampVersion: number;
  /** The digest of the previous release, which this one is based on. */
  readonly predecessor?: Digest | undefined;
}

/** @throws FormatError FORMAT_MANIFEST_TOO_LARGE */
export function encodeRelease(release: ReleaseContent): Artifact {
  const parts = release.files.map(({ name, bytes }) => metadataLayer(name, bytes));
  const manifest = encodeImageManifest({
    artifactType: repositoryArtifactType,
    layers: inlineSmallest(parts),
    annotations: new Map(release.predecessor === undefined ? [] : [[annotationKeys.predecessor, release.predecessor]]),
  });
  verifyManifestSize(manifest);
  return {
    manifest,
    blobs: [emptyConfigBlob, ...parts.map((part) => part.blob)],
    tags: [releaseTag(release.timestampVersion)],
  };
}

type LayerPart = Pick<ReturnType<typeof metadataLayer>, "layer"> & { readonly blob: { readonly bytes: Uint8Array } };

/** The last files (timestamp, targets, snapshot, newest roots) are inlined first, because a refresh reads them. */
export function inlineSmallest(parts: readonly LayerPart[]): readonly Descriptor[] {
  let left = inlineTotalMaxBytes;
  return parts
    .toReversed()
    .map(({ layer, blob }) => {
      const isTimestamp = layer.annotations?.get(annotationKeys.filename) === metadataFileName("timestamp");
      const most = isTimestamp ? inlineTimestampMaxBytes : inlineMaxBytes;
      if (blob.bytes.length >= most || blob.bytes.length > left) return layer;
      left -= blob.bytes.length;
      return { ...layer, data: blob.bytes };
    })
    .toReversed();
}

/** @throws FormatError FORMAT_MANIFEST_TOO_LARGE */
export function verifyManifestSize(manifest: ManifestContent): void {
  const got = manifest.bytes.length;
  if (got <= manifestMaxBytes) return;
  throw new FormatError(
    "FORMAT_MANIFEST_TOO_LARGE",
    `manifest of ${got} bytes; registries accept at most ${manifestMaxBytes}`,
    {
      details: { wanted: manifestMaxBytes, got },
    },
  );
}

/** Metadata in a manifest by TUF file name. If a name occurs twice, the first one counts, as in Docker's reader. */
export interface MetadataIndex {
  readonly files: ReadonlyMap<string, Descriptor>;
}

export interface Release extends MetadataIndex {
  /** As the manifest claims; not verified. */
  readonly predecessor?: Digest;
}

/**
 * Reads a release of this format or the metadata manifest of Docker's layout.
 * @throws FormatError FORMAT_NOT_A_REPOSITORY
 */
export function parseRelease(bytes: Uint8Array): Release {
  const manifest = parseMetadataManifest(bytes);
  const predecessor = manifest.annotations.get(annotationKeys.predecessor);
  return {
    files: manifest.files,
    ...(predecessor !== undefined && isDigest(predecessor) ? { predecessor } : {}),
  };
}

/**
 * Returns the metadata layers of any manifest of this format.
 * @throws FormatError FORMAT_NOT_A_REPOSITORY
 */
export function parseMetadataManifest(
  bytes: Uint8Array,
): MetadataIndex & { readonly annotations: ReadonlyMap<string, string> } {
  const manifest = readManifest(bytes);
  const files = new Map<string, Descriptor>();
  if (manifest.kind === "manifest") {
    for (const layer of manifest.layers) {
      const name = layer.annotations?.get(annotationKeys.filename);
      if (layer.mediaType === metadataMediaType && name !== undefined && !files.has(name)) files.set(name, layer);
    }
  }
  if (manifest.kind !== "manifest" || files.size === 0) {
    throw notARepository(`it holds no layer of type ${metadataMediaType}`);
  }
  return { files, annotations: manifest.annotations };
}

function readManifest(bytes: Uint8Array): ReturnType<typeof parseManifest> {
  try {
    return parseManifest(bytes);
  } catch (cause) {
    if (OciError.is(cause)) throw notARepository("it cannot be read as a manifest", cause);
    throw cause;
  }
}

function notARepository(why: string, cause?: unknown): FormatError {
  return new FormatError("FORMAT_NOT_A_REPOSITORY", `the manifest is not that of a TUF repository: ${why}`, { cause });
}
