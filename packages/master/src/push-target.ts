/** Pushes one target: its parts are read in order and sent, then the manifest that refers to them. */
import {
  encodeTarget,
  findStoredBlobs,
  findTargetBlobs,
  tufHashes,
  withTargetBlobs,
  withTargetIndex,
  withTargetPatches,
} from "@dtuf/format";
import {
  forEachConcurrently,
  createDigester,
  digestOf,
  observed,
  OciError,
  type ByteObserver,
  type Descriptor,
  type Digest,
} from "@dtuf/registry";
import { parseTargetPath, type JsonObject, type TargetFile, type TargetPath } from "@dtuf/tuf";
import { readSignedTargets } from "./bins/read-bins.ts";
import type { TargetMap } from "./documents/changes.ts";
import type { NewTarget, ProgressOptions, TargetPart } from "./contract/contract.ts";
import type { IndexOptions } from "./contract/targets.ts";
import { MasterError } from "./errors.ts";
import type { Operation } from "./state/operation.ts";
import type { HashedFiles } from "./parts/hashed-files.ts";
import { readPart, type Blob } from "./parts/read-part.ts";
import { createTargetIndexMaker, type KnownIndexes } from "./parts/target-index.ts";
import type { Scratch } from "./parts/scratch.ts";
import { makePatches } from "./parts/target-patch.ts";
import { reportStored, type Sender } from "./parts/sender.ts";
import { splitLarge } from "./parts/split-large.ts";
import { putArtifact } from "./release/upload.ts";

export interface ReadRequest extends Pick<NewTarget, "parts" | "custom">, ProgressOptions, IndexOptions {
  readonly path: TargetPath;
  readonly knownIndexes: KnownIndexes;
  /** The published target of the same name. */
  readonly replaced: TargetFile | undefined;
  /** See the bytes of the whole target, in order, at the one reading of its parts. */
  readonly observers?: readonly ByteObserver[];
  readonly hashed: HashedFiles;
  /** Holds patches until they were uploaded. Undefined: none are made. */
  readonly scratch?: Scratch | undefined;
  /** Uploads the parts while they are read. Undefined: they are read for their digests alone. */
  readonly sender: Sender | undefined;
}

export async function listTargetsOf(operation: Operation, blob: Digest): Promise<readonly TargetPath[]> {
  const signed = [...(await readSignedTargets(operation, "all"))];
  const needs = (file: TargetFile): boolean => findTargetBlobs(file)?.some(({ digest }) => digest === blob) ?? false;
  return signed.flatMap(([path, file]) => (needs(file) ? [path] : [])).toSorted();
}

export interface PreparedTarget {
  readonly file: TargetFile;
  readonly blobs: readonly Blob[];
  /** The chunk index and the patches. */
  readonly companions: readonly Blob[];
}

export async function readParts(
  operation: Operation,
  targets: TargetMap,
  request: ReadRequest,
): Promise<PreparedTarget> {
  const { custom } = request;
  const split = await splitLarge(request.parts, request.partBytes);
  const { parts } = split;
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "target" && isAsItIs(request))
    return sameTarget(operation, targets, { name: first.name, custom });
  const has = async (index: Descriptor): Promise<boolean> =>
    request.sender === undefined || request.sender.store.has(index, { signal: operation.signal });
  const maker = await createTargetIndexMaker(parts, request, { known: request.knownIndexes, has });
  // A single part is hashed once, because it is the whole target.
  const whole = parts.length === 1 && first?.kind !== "target" ? undefined : createDigester();
  const others = [...(whole === undefined ? [] : [whole]), ...(request.observers ?? [])];
  const observers = maker === undefined ? others : [...others, maker.observer];
  const isKnown = async (digest: Digest): Promise<boolean> =>
    others.length === 0 && (maker === undefined || maker.isKnown(digest));
  const read = await readInOrder(operation, targets, { ...request, parts, observers, isKnown });
  await split.verify();
  const blobs = read.filter(({ descriptor }) => descriptor.size > 0);
  const length = blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const digest = whole?.digest() ?? read[0]?.descriptor.digest ?? digestOf(new Uint8Array());
  const index = maker?.finish({ digest, size: length });
  const descriptors = blobs.map(({ descriptor }) => descriptor);
  const listed = blobs.length > 1 ? withTargetBlobs(custom, descriptors) : custom;
  const file = { length, hashes: tufHashes(digest), ...(listed && { custom: listed }), unrecognized: {} };
  if (index === undefined) return { file, blobs, companions: [] };
  const indexed = withTargetIndex(listed, index.descriptor);
  const made = await makePatches(operation, { ...request, blobs, digest, length });
  const patches = made.map(({ patch }) => patch);
  const patched = made.length === 0 ? indexed : withTargetPatches(indexed, patches);
  return { file: { ...file, custom: patched }, blobs, companions: [index, ...made.map(({ blob }) => blob)] };
}

/** Whether another target's blobs and metadata may be used without reading them. A patch with a bound is made only of what is read anyway. */
function isAsItIs({ observers, index, chunkBytes, patchFrom, patchMaxBytes, compress }: ReadRequest): boolean {
  const isPatchAsked = patchFrom !== undefined && patchMaxBytes === undefined;
  return observers === undefined && index !== "none" && chunkBytes === undefined && !isPatchAsked && compress !== true;
}

async function readInOrder(operation: Operation, targets: TargetMap, request: OrderedRequest): Promise<Blob[]> {
  const blobs: Blob[] = [];
  try {
    for (const part of request.parts) {
      operation.signal?.throwIfAborted();
      if (part.kind === "target") blobs.push(...(await readAgain(operation, targets, { part, request })));
      else blobs.push(await readPart(part, request));
    }
  } catch (error) {
    // The first error is the one to report.
    await request.sender?.end().catch(() => undefined);
    throw error;
  }
  await request.sender?.end();
  return blobs;
}

interface OrderedRequest extends ReadRequest {
  readonly observers: readonly ByteObserver[];
  readonly isKnown: (digest: Digest) => Promise<boolean>;
}

/** Another name for a target, or other custom metadata: no content is read. */
async function sameTarget(
  operation: Operation,
  targets: TargetMap,
  { name, custom }: { readonly name: string; readonly custom: JsonObject | undefined },
): Promise<PreparedTarget> {
  const { file } = await readKnown(operation, targets, name);
  return {
    file: custom === undefined ? file : withCustom(file, custom),
    blobs: (findStoredBlobs(file) ?? []).map((descriptor) => ({ descriptor, item: `@${name}`, upload: "due" })),
    companions: [],
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

interface ReadAgain {
  readonly part: Extract<TargetPart, { kind: "target" }>;
  readonly request: OrderedRequest;
}

/** The blobs of another target. They are verified while they are read into the hash of the whole target. */
async function readAgain(operation: Operation, targets: TargetMap, { part, request }: ReadAgain): Promise<Blob[]> {
  const { signal, store } = operation;
  const item = `@${part.name}`;
  const { blobs } = await readKnown(operation, targets, part.name);
  for (const descriptor of blobs) {
    const stream = await store.open(descriptor, { signal });
    if (stream === undefined) throw missingBlob(part.name, descriptor);
    const { digest, size } = descriptor;
    let bytes = 0;
    for await (const chunk of observed(stream, request.observers)) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      request.onProgress?.({ step: "download", kind: "target", name: item, digest, bytes, totalBytes: size });
    }
  }
  return blobs.map((descriptor) => ({ descriptor, item, upload: "due" }));
}

export interface TargetUpload extends PreparedTarget {
  readonly path: TargetPath;
  /**
   * What refers to the blobs, so that the registry keeps them: the target's own manifest, or the role's if it has very
   * many targets.
   */
  readonly owner: "target" | "role";
}

/** Puts the blobs that are due, then the manifest that refers to them. */
export async function uploadTarget(
  sender: Sender,
  { file, blobs, companions, path, owner }: TargetUpload,
): Promise<void> {
  const { store, signal, concurrency, sent } = sender;
  const due = [...blobs, ...companions].filter(({ upload }) => upload === "due");
  await forEachConcurrently(distinct(due), concurrency, async (blob) => {
    const { descriptor, content, item } = blob;
    if (content !== undefined) return sender.put(blob, content);
    const sending = sent.get(descriptor.digest);
    if (sending !== undefined) await sending;
    else if (!(await store.has(descriptor, { signal }))) throw missingBlob(item, descriptor);
    reportStored(sender.onProgress, blob);
  });
  const artifact = owner === "target" ? encodeTarget(path, file) : undefined;
  if (artifact !== undefined) await putArtifact(sender, artifact, sent);
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
