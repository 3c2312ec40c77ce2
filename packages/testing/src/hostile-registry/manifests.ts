/** What a strict registry requires of a manifest. Independent of @dtuf/registry on purpose, so that an error in one is found by the other. */
import { isWellFormedDigest, type RepositoryContent, type StoredManifest } from "./content.ts";
import type { Exchange } from "./exchange.ts";

type JsonObject = Readonly<Record<string, unknown>>;
type Problem = readonly [status: number, code: string, message: string];

const imageTypes: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);
const indexTypes: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

/** "lax" accepts manifests that name missing content (a sparse index, a pull-through cache). */
export function findManifestProblem(
  { body, headers }: Exchange,
  repository: RepositoryContent,
  contentChecks: "strict" | "lax",
): Problem | undefined {
  const type = headers["content-type"] ?? "";
  const json = parseObject(body);
  if (json === undefined) return [400, "MANIFEST_INVALID", "not a JSON object"];
  if (!imageTypes.has(type) && !indexTypes.has(type)) return [400, "MANIFEST_INVALID", `Content-Type ${type}`];
  if (json["schemaVersion"] !== 2) return [400, "MANIFEST_INVALID", "schemaVersion is not 2"];
  if (json["mediaType"] !== undefined && json["mediaType"] !== type) {
    return [400, "MANIFEST_INVALID", `mediaType ${JSON.stringify(json["mediaType"])} under Content-Type ${type}`];
  }
  const isIndex = indexTypes.has(type);
  if (isIndex ? "layers" in json || "config" in json : "manifests" in json || !("config" in json)) {
    return [400, "MANIFEST_INVALID", "fields of another media type"];
  }
  const children = isIndex ? listOf(json["manifests"]) : [asObject(json["config"]), ...listOf(json["layers"])];
  const subject = json["subject"] === undefined ? [] : [asObject(json["subject"])];
  const broken = [...children, ...subject].find((child) => !isDescriptor(child));
  if (broken !== undefined) return [400, "MANIFEST_INVALID", `not a descriptor: ${JSON.stringify(broken)}`];
  if (contentChecks === "lax") return undefined;
  return findContentProblem(children, isIndex ? repository.manifests : repository.blobs);
}

type Held = ReadonlyMap<string, Uint8Array | StoredManifest>;

function findContentProblem(children: readonly JsonObject[], held: Held): Problem | undefined {
  for (const { digest, size, mediaType } of children) {
    // Layers that their publisher does not distribute may be missing (image-spec, layer.md "Non-Distributable Layers").
    if (/\.nondistributable\.|\.foreign\./.test(String(mediaType)) && !held.has(String(digest))) continue;
    const there = held.get(String(digest));
    if (there === undefined) return [404, "MANIFEST_BLOB_UNKNOWN", String(digest)];
    const { length } = "bytes" in there ? there.bytes : there;
    if (length !== size) return [400, "SIZE_INVALID", `${String(digest)} has ${length} bytes, not ${String(size)}`];
  }
  return undefined;
}

function isDescriptor({ mediaType, digest, size }: JsonObject): boolean {
  if (typeof mediaType !== "string" || typeof digest !== "string" || !isWellFormedDigest(digest)) return false;
  return Number.isSafeInteger(size) && Number(size) >= 0;
}

/** The digest of the manifest's subject. */
export function subjectOf(bytes: Uint8Array): string | undefined {
  const digest = asObject(parseObject(bytes)?.["subject"])["digest"];
  return typeof digest === "string" ? digest : undefined;
}

/** The manifest's descriptor in a referrers list, with its artifactType (or its config's type) and annotations. */
export function referrerOf(digest: string, { bytes, mediaType }: StoredManifest): JsonObject {
  const json = parseObject(bytes) ?? {};
  const artifactType = json["artifactType"] ?? asObject(json["config"])["mediaType"];
  const { annotations } = json;
  return { mediaType, digest, size: bytes.length, artifactType, ...(annotations === undefined ? {} : { annotations }) };
}

function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function asObject(json: unknown): JsonObject {
  return typeof json === "object" && json !== null ? (json as JsonObject) : {};
}

function listOf(json: unknown): readonly JsonObject[] {
  return Array.isArray(json) ? json.map(asObject) : [];
}
