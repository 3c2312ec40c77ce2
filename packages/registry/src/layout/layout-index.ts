/**
 * index.json of a layout as a value: its manifests and the tags that name them (image-spec, image-layout.md).
 * Foreign entries, fields and annotations are kept unchanged; the order of entries is always the same.
 */
import { encodeDescriptor, parseDescriptor, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { isTag, type TagName } from "../oci/tag.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface LayoutIndex {
  readonly json: JsonObject;
  readonly entries: readonly JsonObject[];
}

const refName = "org.opencontainers.image.ref.name";

export const emptyLayoutIndex: LayoutIndex = {
  json: { schemaVersion: 2, mediaType: mediaTypes.imageIndex },
  entries: [],
};

/** @throws OciError OCI_LAYOUT_INVALID */
export function parseLayoutIndex(bytes: Uint8Array): LayoutIndex {
  const { manifests = [], ...json } = parseJsonObject(bytes, "index.json");
  if (!Array.isArray(manifests) || !manifests.every(isObject)) {
    throw new OciError("OCI_LAYOUT_INVALID", "index.json: manifests must be a list of objects");
  }
  return { json, entries: manifests };
}

/** @throws OciError OCI_LAYOUT_INVALID */
export function parseJsonObject(bytes: Uint8Array, name: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OciError("OCI_LAYOUT_INVALID", `${name} is not JSON`, { cause });
  }
  if (!isObject(json)) throw new OciError("OCI_LAYOUT_INVALID", `${name} must be a JSON object`);
  return json;
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

export function encodeLayoutIndex(index: LayoutIndex): Uint8Array {
  const manifests = index.entries.toSorted(
    (a, b) => compare(nameOf(a) ?? "", nameOf(b) ?? "") || compare(String(a["digest"]), String(b["digest"])),
  );
  return new TextEncoder().encode(JSON.stringify({ ...index.json, manifests }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function annotationsOf(entry: JsonObject): JsonObject {
  return isObject(entry["annotations"]) ? entry["annotations"] : {};
}

function nameOf(entry: JsonObject): string | undefined {
  const name = annotationsOf(entry)[refName];
  return typeof name === "string" ? name : undefined;
}

export function listLayoutTags(index: LayoutIndex): readonly TagName[] {
  const names = index.entries.map(nameOf).filter((name) => name !== undefined);
  return [...new Set(names)].filter(isTag).toSorted(compare);
}

/** @throws OciError OCI_LAYOUT_INVALID if the tag names two manifests, OCI_DESCRIPTOR_INVALID, OCI_DIGEST_INVALID */
export function findTagged(index: LayoutIndex, tag: TagName): Descriptor | undefined {
  const [first, ...others] = index.entries.filter((entry) => nameOf(entry) === tag);
  if (first === undefined) return undefined;
  if (others.some((other) => other["digest"] !== first["digest"])) {
    throw new OciError("OCI_LAYOUT_INVALID", `index.json: tag ${tag} names more than one manifest`);
  }
  return descriptorOf(first);
}

/** @throws OciError OCI_DESCRIPTOR_INVALID */
export function findListed(index: LayoutIndex, digest: Digest): Descriptor | undefined {
  const entry = index.entries.find((entry) => entry["digest"] === digest);
  return entry === undefined ? undefined : descriptorOf(entry);
}

export interface LayoutEntry {
  /** The value of `org.opencontainers.image.ref.name`: a tag, or another name written by other tools. */
  readonly name?: string;
  readonly descriptor: Descriptor;
}

/** Lists every entry, with its name if it has one. Two entries may have the same digest. @throws OciError OCI_DESCRIPTOR_INVALID */
export function listEntries(index: LayoutIndex): readonly LayoutEntry[] {
  return index.entries.map((entry) => {
    const name = nameOf(entry);
    return { ...(name === undefined ? {} : { name }), descriptor: descriptorOf(entry) };
  });
}

function descriptorOf(entry: JsonObject): Descriptor {
  return parseDescriptor(withoutName(entry));
}

function withoutName(entry: JsonObject): JsonObject {
  const { annotations: _annotations, ...fields } = entry;
  const { [refName]: _name, ...annotations } = annotationsOf(entry);
  return Object.keys(annotations).length === 0 ? fields : { ...fields, annotations };
}

/** Lists a manifest without a tag. Nothing changes if it is listed already. */
export function listManifest(index: LayoutIndex, descriptor: Descriptor): LayoutIndex {
  if (index.entries.some((entry) => entry["digest"] === descriptor.digest)) return index;
  return { ...index, entries: [...index.entries, encodeEntry(descriptor)] };
}

function encodeEntry({ data: _data, ...descriptor }: Descriptor): JsonObject {
  return encodeDescriptor(descriptor);
}

/** Points a tag at a manifest. The manifest that the tag named before stays listed. */
export function setTag(index: LayoutIndex, tag: TagName, descriptor: Descriptor): LayoutIndex {
  const named = index.entries.filter((entry) => nameOf(entry) === tag);
  if (named.length === 1 && named[0]?.["digest"] === descriptor.digest) return index;
  const { entries } = removeTag(index, tag);
  const untagged = entries.find((entry) => entry["digest"] === descriptor.digest && nameOf(entry) === undefined);
  const base = withoutName(untagged ?? encodeEntry(descriptor));
  const entry = { ...base, annotations: { ...annotationsOf(base), [refName]: tag } };
  return { ...index, entries: [...entries.filter((other) => other !== untagged), entry] };
}

/** Removes a tag. Its manifest stays listed, without a tag if that was its only one. */
export function removeTag(index: LayoutIndex, tag: TagName): LayoutIndex {
  const named = index.entries.filter((entry) => nameOf(entry) === tag);
  if (named.length === 0) return index;
  const others = index.entries.filter((entry) => nameOf(entry) !== tag);
  const digests = new Set(others.map((entry) => entry["digest"]));
  const left = named.filter((entry) => !digests.has(entry["digest"])).slice(0, 1);
  return { ...index, entries: [...others, ...left.map(withoutName)] };
}

/** Removes manifests and every tag that names one of them. */
export function removeManifests(index: LayoutIndex, digests: ReadonlySet<string>): LayoutIndex {
  const entries = index.entries.filter((entry) => !digests.has(String(entry["digest"])));
  return entries.length === index.entries.length ? index : { ...index, entries };
}
