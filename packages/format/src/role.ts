/**
 * A delegated role's manifests. The first one contains the metadata. If the role's targets have no manifests of their
 * own, their blobs are layers here, in as many manifests as needed to stay below 4 MiB.
 */
import { encodeImageManifest, type Descriptor, type TagName } from "@dtuf/registry";
import type { RoleName, TargetFile, TargetPath } from "@dtuf/tuf";
import { emptyConfigBlob, metadataLayer, type Artifact, type ArtifactBlob } from "./artifact.ts";
import { annotationKeys, roleArtifactType } from "./media-types.ts";
import { metadataFileName } from "./metadata-file.ts";
import { parseMetadataManifest, type MetadataIndex } from "./release.ts";
import { rolePartTag, roleTag } from "./tags.ts";
import { targetLayers } from "./target.ts";

/** A role with more targets keeps their blobs in its own manifests, because a tag for each would be too many for a registry. */
const ownManifestsMax = 1000;

/** Layers of one manifest: at most 600 bytes of JSON for each with usual names, and room for the role's own. */
const layersMax = 4000;

/** Bytes of layer titles in one manifest. An escaped character takes up to six bytes of JSON. */
const titlesMax = 256 * 1024;

/** Which manifest keeps a target's blobs: its own or the role's. */
export function targetKeeper(targets: { readonly size: number }, kind: "role" | "bin"): "target" | "role" {
  return kind === "bin" || targets.size > ownManifestsMax ? "role" : "target";
}

export interface RoleContent {
  readonly name: RoleName;
  readonly version: number;
  readonly metadata: Uint8Array;
  /** The targets whose blobs these manifests keep; undefined if the targets have their own manifests. */
  readonly keeps?: ReadonlyMap<TargetPath, TargetFile> | undefined;
}

/** @throws FormatError FORMAT_TARGET_BLOBS_INVALID */
export function encodeRole(role: RoleContent): readonly Artifact[] {
  const { layer, blob } = metadataLayer(metadataFileName(role.name, role.version), role.metadata);
  const [first = [], ...more] = split(layersOf(role.keeps));
  const tag = (index: number): TagName => rolePartTag(role.name, role.version, index + 1);
  return [
    artifact([layer, ...first], roleTag(role.name, role.version), [blob]),
    ...more.map((layers, index) => artifact(layers, tag(index), [])),
  ];
}

/** Manifests that keep the blobs of the top-level role's targets if these have none of their own. The release contains its metadata. */
export function encodeTopLevelKeepers(
  version: number,
  keeps: ReadonlyMap<TargetPath, TargetFile>,
): readonly Artifact[] {
  return split(layersOf(keeps)).map((layers, index) =>
    artifact(layers, rolePartTag("targets", version, index + 1), []),
  );
}

/**
 * Reads a delegated role's manifest of this format or Docker's.
 * @throws FormatError FORMAT_NOT_A_REPOSITORY
 */
export function parseRole(bytes: Uint8Array): MetadataIndex {
  return parseMetadataManifest(bytes);
}

function artifact(layers: readonly Descriptor[], tag: TagName, blobs: readonly ArtifactBlob[]): Artifact {
  const manifest = encodeImageManifest({ artifactType: roleArtifactType, layers });
  return { manifest, blobs: [emptyConfigBlob, ...blobs], tags: [tag] };
}

/** Each blob once, under the first target that contains it. A repeated title is left out, because `oras pull` fails on it. */
function layersOf(keeps: ReadonlyMap<TargetPath, TargetFile> | undefined): readonly Descriptor[] {
  const layers = new Map<string, Descriptor>();
  const titles = new Set<string>();
  for (const [path, file] of keeps ?? []) {
    for (const layer of targetLayers(path, file)) {
      if (!layers.has(layer.digest)) layers.set(layer.digest, withFreeTitle(layer, titles));
    }
  }
  return [...layers.values()];
}

function withFreeTitle({ annotations, ...layer }: Descriptor, titles: Set<string>): Descriptor {
  const title = annotations?.get(annotationKeys.title);
  if (title === undefined || titles.has(title)) return layer;
  titles.add(title);
  return { ...layer, annotations: new Map([[annotationKeys.title, title]]) };
}

function split(layers: readonly Descriptor[]): readonly (readonly Descriptor[])[] {
  const manifests: Descriptor[][] = [];
  let room = 0;
  for (const layer of layers) {
    const cost = layer.annotations?.get(annotationKeys.title)?.length ?? 0;
    const current = manifests.at(-1);
    if (current === undefined || current.length >= layersMax || cost > room) {
      manifests.push([layer]);
      room = titlesMax - cost;
    } else {
      current.push(layer);
      room -= cost;
    }
  }
  return manifests;
}
