/**
 * Manifests: bytes <-> value. The digest is always that of the received bytes; nothing is re-serialised.
 * A body that can be interpreted in two ways (CVE-2021-41190: `manifests` beside `layers`, or a mediaType that contradicts the
 * Content-Type) is refused.
 */
import { parseAnnotations, parseDescriptor, encodeDescriptor, type Descriptor } from "./descriptor.ts";
import { digestOf } from "./digest.ts";
import { OciError } from "../errors.ts";
import { manifestReadMaxBytes } from "../limits.ts";
import { mediaTypes } from "./media-types.ts";

export interface ImageManifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: ReadonlyMap<string, string>;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: ReadonlyMap<string, string>;
}

/** Docker's schema 1, read only. `layers` are the blob sums, base layer first. The manifest does not contain their sizes. */
export interface Schema1Manifest {
  readonly kind: "schema1";
  readonly mediaType: string;
  readonly layers: readonly Pick<Descriptor, "digest">[];
}

export type Manifest = ImageManifest | ImageIndex | Schema1Manifest;

type JsonObject = Record<string, unknown>;

/**
 * @param contentType the type from the registry or the descriptor, parameters allowed; if undefined, the body decides
 * @throws OciError OCI_MANIFEST_INVALID, OCI_DESCRIPTOR_INVALID, OCI_DIGEST_INVALID, OCI_LIMIT_EXCEEDED
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): Manifest {
  const json = parseObject(bytes);
  const mediaType = decideMediaType(json, contentType);
  switch (mediaType) {
    case mediaTypes.imageIndex:
    case mediaTypes.dockerManifestList:
      refuse(json, ["layers", "config", "fsLayers"], mediaType);
      return { kind: "index", mediaType, ...parseShared(json), manifests: parseList(json["manifests"], "manifests") };
    case mediaTypes.imageManifest:
    case mediaTypes.dockerManifest:
      refuse(json, ["manifests", "fsLayers"], mediaType);
      return {
        kind: "manifest",
        mediaType,
        ...parseShared(json),
        config: parseDescriptor(json["config"]),
        layers: parseList(json["layers"], "layers"),
      };
    case mediaTypes.dockerSchema1:
    case mediaTypes.dockerSchema1Signed:
      refuse(json, ["manifests", "layers"], mediaType);
      return { kind: "schema1", mediaType, layers: parseSchema1Layers(json["fsLayers"]) };
    default:
      throw invalid(`media type ${JSON.stringify(mediaType)} is not a manifest's`);
  }
}

function parseObject(bytes: Uint8Array): JsonObject {
  if (bytes.length > manifestReadMaxBytes) {
    throw new OciError("OCI_LIMIT_EXCEEDED", `manifest of ${bytes.length} bytes; at most ${manifestReadMaxBytes}`, {
      details: { limit: manifestReadMaxBytes, got: bytes.length },
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OciError("OCI_MANIFEST_INVALID", "manifest is not JSON", { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw invalid("wanted an object");
  return json as JsonObject;
}

function decideMediaType(json: JsonObject, contentType: string | undefined): string {
  const outer = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  const inner = json["mediaType"];
  if (inner !== undefined && typeof inner !== "string") throw invalid("mediaType must be a string");
  const named = outer === undefined || outer === "application/json" || outer === "text/plain" ? undefined : outer;
  if (inner !== undefined && named !== undefined && inner.toLowerCase() !== named) {
    throw invalid(`mediaType is ${JSON.stringify(inner)} but it was received as ${JSON.stringify(named)}`);
  }
  return inner?.toLowerCase() ?? named ?? guessMediaType(json);
}

function guessMediaType(json: JsonObject): string {
  if (json["schemaVersion"] === 1) return mediaTypes.dockerSchema1;
  if (Array.isArray(json["manifests"])) return mediaTypes.imageIndex;
  return mediaTypes.imageManifest;
}

function refuse(json: JsonObject, fields: readonly string[], mediaType: string): void {
  const found = fields.find((field) => json[field] !== undefined);
  if (found !== undefined) throw invalid(`ambiguous: ${mediaType} has a field ${JSON.stringify(found)}`);
}

function parseShared(json: JsonObject): Pick<ImageManifest, "annotations" | "subject" | "artifactType"> {
  const { artifactType, subject, annotations } = json;
  return {
    annotations: annotations === undefined ? new Map() : parseAnnotations(annotations),
    ...(typeof artifactType === "string" && artifactType !== "" ? { artifactType } : {}),
    ...(subject === undefined || subject === null ? {} : { subject: parseDescriptor(subject) }),
  };
}

function parseList(json: unknown, field: string): readonly Descriptor[] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json)) throw invalid(`${field} must be a list`);
  return json.map((entry: unknown) => parseDescriptor(entry));
}

function parseSchema1Layers(json: unknown): Schema1Manifest["layers"] {
  if (!Array.isArray(json)) throw invalid("fsLayers must be a list");
  return json
    .map((entry: unknown) => {
      const digest = typeof entry === "object" && entry !== null ? (entry as JsonObject)["blobSum"] : undefined;
      return { digest: parseDescriptor({ mediaType: mediaTypes.octetStream, digest, size: 0 }).digest };
    })
    .toReversed();
}

function invalid(what: string): OciError {
  return new OciError("OCI_MANIFEST_INVALID", `manifest: ${what}`);
}

/** The empty descriptor of the image spec: `{}`, which must be pushed too. */
export const emptyConfigBytes: Uint8Array = new TextEncoder().encode("{}");

export const emptyConfig: Descriptor = {
  mediaType: mediaTypes.emptyConfig,
  digest: digestOf(emptyConfigBytes),
  size: emptyConfigBytes.length,
  data: emptyConfigBytes,
};

export interface ManifestContent {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Encodes an OCI image manifest. The default config is the empty one, for which the image spec requires an artifactType. */
export function encodeImageManifest(manifest: {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: ReadonlyMap<string, string>;
}): ManifestContent {
  const {
    mediaType = mediaTypes.imageManifest,
    artifactType,
    config = emptyConfig,
    layers,
    subject,
    annotations,
  } = manifest;
  return contentOf(mediaType, artifactType ?? config.mediaType, {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: encodeDescriptor(config),
    layers: layers.map(encodeDescriptor),
    ...(subject === undefined ? {} : { subject: encodeDescriptor(subject) }),
    ...(annotations === undefined || annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  });
}

/** Encodes an image index, with its descriptor (image-spec, `image-index.md`). */
export function encodeImageIndex(index: {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: ReadonlyMap<string, string>;
}): ManifestContent {
  const { mediaType = mediaTypes.imageIndex, artifactType, manifests, subject, annotations } = index;
  return contentOf(mediaType, artifactType, {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    manifests: manifests.map(encodeDescriptor),
    ...(subject === undefined ? {} : { subject: encodeDescriptor(subject) }),
    ...(annotations === undefined || annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  });
}

function contentOf(mediaType: string, artifactType: string | undefined, json: unknown): ManifestContent {
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return { bytes, descriptor: artifactType === undefined ? descriptor : { ...descriptor, artifactType } };
}
