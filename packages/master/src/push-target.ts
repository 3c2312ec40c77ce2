/** Pushes one target: digests of its parts, then its blobs, then the manifest that refers to them. */
import { stat } from "node:fs/promises";
import { encodeTarget, findTargetBlobs, targetMediaType, tufHashes, withTargetBlobs } from "@dtuf/format";
import {
  forEachConcurrently,
  createDigester,
  digestOf,
  fileContent,
  observed,
  OciError,
  type ByteObserver,
  type ContentSource,
  type Descriptor,
  type Digest,
  type Progress,
} from "@dtuf/registry";
import { fileError } from "@dtuf/registry/files";
import { parseTargetPath, parseUnverified, type JsonObject, type TargetFile, type TargetPath } from "@dtuf/tuf";
import type { TargetMap } from "./documents/changes.ts";
import type { NewTarget, ProgressOptions, TargetPart } from "./contract.ts";
import { MasterError } from "./errors.ts";
import type { Operation } from "./state/operation.ts";
import { putArtifact, type Sent, type Uploader } from "./release/upload.ts";

export interface HashRequest extends Pick<NewTarget, "parts" | "custom">, ProgressOptions {
  /** See the bytes of the whole target, in order, at the one reading of its parts. */
  readonly observers?: readonly ByteObserver[];
}

/** A part with a known digest. `content` is absent if the store has the bytes already. */
interface Blob {
  readonly descriptor: Descriptor;
  readonly item: string;
  readonly content?: ContentSource;
}

/** The targets of the last release. The files of the record were verified before they were saved. */
export async function readSignedTargets(operation: Operation): Promise<TargetMap> {
  return parseUnverified(await operation.files.readMetadata(operation.state().head.targets), "targets").targets;
}

export async function listTargetsOf(operation: Operation, blob: Digest): Promise<readonly TargetPath[]> {
  const signed = [...(await readSignedTargets(operation))];
  const needs = (file: TargetFile): boolean => findTargetBlobs(file)?.some(({ digest }) => digest === blob) ?? false;
  return signed.flatMap(([path, file]) => (needs(file) ? [path] : [])).toSorted();
}

export interface Hashed {
  readonly file: TargetFile;
  readonly blobs: readonly Blob[];
}

export async function hashParts(operation: Operation, targets: TargetMap, request: HashRequest): Promise<Hashed> {
  const { parts, custom } = request;
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "target" && request.observers === undefined)
    return sameTarget(operation, targets, { name: first.name, custom });
  // A single part is hashed once, because it is the whole target.
  const whole = parts.length === 1 && first?.kind !== "target" ? undefined : createDigester();
  const observers = [...(whole === undefined ? [] : [whole]), ...(request.observers ?? [])];
  const blobs: Blob[] = [];
  for (const part of parts) {
    operation.signal?.throwIfAborted();
    if (part.kind === "target") blobs.push(...(await readAgain(operation, targets, { part, observers, request })));
    else blobs.push(await hashPart(part, observers, request));
  }
  const full = blobs.filter(({ descriptor }) => descriptor.size > 0);
  const length = full.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const digest = whole?.digest() ?? blobs[0]?.descriptor.digest ?? digestOf(new Uint8Array());
  const hashes = tufHashes(digest);
  const descriptors = full.map(({ descriptor }) => descriptor);
  const listed = full.length > 1 ? withTargetBlobs(custom, descriptors) : custom;
  return {
    file: { length, hashes, ...(listed === undefined ? {} : { custom: listed }), unrecognized: {} },
    blobs: full,
  };
}

/** Another name for a target, or other custom metadata: no content is read. */
async function sameTarget(
  operation: Operation,
  targets: TargetMap,
  { name, custom }: { readonly name: string; readonly custom: JsonObject | undefined },
): Promise<Hashed> {
  const { file, blobs } = await readKnown(operation, targets, name);
  return {
    file: custom === undefined ? file : withCustom(file, custom),
    blobs: blobs.map((descriptor) => ({ descriptor, item: `@${name}` })),
  };
}

/** Replaces the user's custom metadata; the key `dtuf` stays. */
export function withCustom(file: TargetFile, custom: JsonObject): TargetFile {
  const own = file.custom?.["dtuf"];
  return { ...file, custom: own === undefined ? custom : { ...custom, dtuf: own } };
}

/**
 * A target and its blobs as they will be once the staged changes are published. @throws MasterError
 * MASTER_TARGET_UNKNOWN
 */
export async function readKnown(
  operation: Operation,
  targets: TargetMap,
  name: string,
): Promise<{ readonly file: TargetFile; readonly blobs: readonly Descriptor[] }> {
  const path = parseTargetPath(name);
  const staged = await operation.files.findStaged(operation.state(), path);
  const file = staged === undefined ? targets.get(path) : staged.kind === "put" ? staged.file : undefined;
  const blobs = file === undefined ? undefined : findTargetBlobs(file);
  if (file === undefined || blobs === undefined) throw unknownTarget(name);
  return { file, blobs };
}

async function hashPart(
  part: Exclude<TargetPart, { kind: "target" }>,
  observers: readonly ByteObserver[],
  { onProgress, signal }: ProgressOptions,
): Promise<Blob> {
  const item = part.kind === "file" ? part.path : (part.label ?? "-");
  const total = part.kind === "file" ? await fileSize(part.path) : undefined;
  const content = part.kind === "file" ? fileContent(part.path) : part.content;
  const own = createDigester();
  let size = 0;
  for await (const chunk of observed(content.open(0), [own, ...observers])) {
    signal?.throwIfAborted();
    size += chunk.length;
    onProgress?.({ step: "hash", kind: "target", name: item, bytes: size, totalBytes: total && Math.max(total, size) });
  }
  return { item, content, descriptor: { mediaType: targetMediaType, digest: own.digest(), size } };
}

/** A pipe can be read only once, and a directory not at all. */
async function fileSize(path: string): Promise<number> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (error) {
    throw fileError(error, path);
  }
  if (found.isFile()) return found.size;
  throw new MasterError("MASTER_PART_INVALID", `${path} is not a regular file`, { details: { path } });
}

interface ReadAgain {
  readonly part: Extract<TargetPart, { kind: "target" }>;
  readonly observers: readonly ByteObserver[];
  readonly request: HashRequest;
}

/** The blobs of another target. They are verified while they are read into the hash of the whole target. */
async function readAgain(
  operation: Operation,
  targets: TargetMap,
  { part, observers, request }: ReadAgain,
): Promise<Blob[]> {
  const { signal, store } = operation;
  const item = `@${part.name}`;
  const { blobs } = await readKnown(operation, targets, part.name);
  for (const descriptor of blobs) {
    const stream = await store.open(descriptor, { signal });
    if (stream === undefined) throw missingBlob(part.name, descriptor);
    const { digest, size } = descriptor;
    let bytes = 0;
    for await (const chunk of observed(stream, observers)) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      request.onProgress?.({ step: "download", kind: "target", name: item, digest, bytes, totalBytes: size });
    }
  }
  return blobs.map((descriptor) => ({ descriptor, item }));
}

export interface TargetUpload extends Hashed {
  readonly path: TargetPath;
  /**
   * What refers to the blobs, so that the registry keeps them: the target's own manifest, or the role's if it has very
   * many targets.
   */
  readonly owner: "target" | "role";
  readonly onProgress: ProgressOptions["onProgress"];
  /** Blobs that are being uploaded or were uploaded. Blobs that several targets share are uploaded once. */
  readonly sent: Sent;
}

/** Puts the blobs, then the manifest that refers to them. */
export async function uploadTarget(uploader: Uploader, upload: TargetUpload): Promise<void> {
  const { store, signal, concurrency } = uploader;
  const { file, blobs, path, owner, sent } = upload;
  await forEachConcurrently(distinct(blobs), concurrency, async ({ descriptor, content, item }) => {
    if (content === undefined) {
      if (!(await store.has(descriptor, { signal }))) throw missingBlob(item, descriptor);
      return reportStored(upload.onProgress, item, descriptor);
    }
    const onProgress = (progress: Progress): void => upload.onProgress?.({ ...progress, kind: "target", name: item });
    const sending = sent.get(descriptor.digest) ?? store.put(descriptor, content, { signal, onProgress });
    sent.set(descriptor.digest, sending);
    await sending;
    reportStored(upload.onProgress, item, descriptor);
  });
  const artifact = owner === "target" ? encodeTarget(path, file) : undefined;
  if (artifact !== undefined) await putArtifact(uploader, artifact, sent);
}

/** The last report of a part: the store has it, sent now or before. */
export function reportStored(
  onProgress: ProgressOptions["onProgress"],
  name: string,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
): void {
  onProgress?.({ step: "upload", kind: "target", name, digest, bytes: size, totalBytes: size, isStored: true });
}

function distinct(blobs: readonly Blob[]): Iterable<Blob> {
  // Of equal blobs the last is used: it is one with content.
  const byContent = [...blobs].toSorted((a, b) => Number(a.content !== undefined) - Number(b.content !== undefined));
  return new Map(byContent.map((blob) => [blob.descriptor.digest, blob])).values();
}

export function unknownTarget(name: string): MasterError {
  return new MasterError("MASTER_TARGET_UNKNOWN", `there is no target ${JSON.stringify(name)}`, { details: { name } });
}

function missingBlob(name: string, { digest }: Descriptor): OciError {
  return new OciError("OCI_NOT_FOUND", `a blob of ${name} is not in the registry: ${digest}`, {
    details: { name, digest },
  });
}
