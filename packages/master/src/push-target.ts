/**
 * A target goes up at once, its metadata waits. Every file is read twice, first for its digest, then for the upload, and
 * is never held whole; a file that changes in between is refused by the store. Uploading needs no lock: a release can be
 * refreshed meanwhile. If bytes were pruned meanwhile, the upload is done again under the lock before it is staged.
 */
import { stat } from "node:fs/promises";
import { encodeTarget, findTargetBlobs, targetKeeper, targetMediaType, tufHashes, withTargetBlobs } from "@dtuf/format";
import {
  forEachConcurrently,
  createDigester,
  digestOf,
  fileContent,
  OciError,
  type ContentSource,
  type Descriptor,
  type Digest,
  type Progress,
} from "@dtuf/registry";
import { fileError } from "@dtuf/registry/files";
import { parseTargetPath, parseUnverified, type JsonObject, type TargetFile, type TargetPath } from "@dtuf/tuf";
import type { TargetMap } from "./documents/changes.ts";
import type { ProgressOptions, TargetPart } from "./contract.ts";
import { MasterError } from "./errors.ts";
import type { Session, Workplace } from "./state/session.ts";
import { parseTargetName } from "./documents/target-name.ts";
import { putArtifact } from "./release/upload.ts";

export interface PushTargetRequest extends ProgressOptions {
  readonly name: string;
  readonly parts: readonly TargetPart[];
  readonly custom?: JsonObject | undefined;
}

/** A part whose bytes are known by digest: `content` is absent where they are in the store already. */
interface Blob {
  readonly descriptor: Descriptor;
  readonly item: string;
  readonly content?: ContentSource;
}

/** @throws MasterError; OciError; TypeError where there are no parts */
export async function pushTarget(workplace: Workplace, request: PushTargetRequest): Promise<TargetFile> {
  const { signal, parts } = request;
  const path = parseTargetName(request.name);
  if (parts.length === 0) throw new TypeError("a target needs at least one part");
  const { prunes } = await workplace.alone(signal, async (session) => session.state());
  const { file, blobs } = await workplace.look(signal, async (session) => {
    const targets = await readSignedTargets(session);
    const hashed = await hashParts(session, targets, request);
    const size = targets.size + (await session.files.countStaged(session.state()));
    await uploadTarget(session, { ...hashed, path, keeper: targetKeeper({ size }, "role"), request });
    return hashed;
  });
  await workplace.alone(signal, async (session) => {
    const state = session.state();
    if (state.prunes !== prunes) await uploadTarget(session, { file, blobs, path, keeper: "target", request });
    await session.files.stage(state, path, { kind: "put", file });
  });
  return file;
}

/** The targets of the last release. The record's own files were verified when they came in. */
export async function readSignedTargets(session: Session): Promise<TargetMap> {
  return parseUnverified(await session.files.readMetadata(session.state().head.targets), "targets").targets;
}

export async function listTargetsOf(session: Session, blob: Digest): Promise<readonly TargetPath[]> {
  const signed = [...(await readSignedTargets(session))];
  const needs = (file: TargetFile): boolean => findTargetBlobs(file)?.some(({ digest }) => digest === blob) ?? false;
  return signed.flatMap(([path, file]) => (needs(file) ? [path] : [])).toSorted();
}

interface Hashed {
  readonly file: TargetFile;
  readonly blobs: readonly Blob[];
}

async function hashParts(session: Session, targets: TargetMap, request: PushTargetRequest): Promise<Hashed> {
  const { parts, custom } = request;
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "target" && custom === undefined)
    return sameTarget(session, targets, first.name);
  // A single part is hashed once: it is the whole.
  const whole = parts.length === 1 && first?.kind !== "target" ? undefined : createDigester();
  const blobs: Blob[] = [];
  for (const part of parts) {
    session.signal?.throwIfAborted();
    if (part.kind === "target") blobs.push(...(await readAgain(session, targets, { part, whole, request })));
    else blobs.push(await hashPart(part, whole, request));
  }
  const full = blobs.filter(({ descriptor }) => descriptor.size > 0);
  const length = full.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const digest = whole?.digest() ?? blobs[0]?.descriptor.digest ?? digestOf(new Uint8Array());
  const hashes = tufHashes(digest);
  const descriptors = full.map(({ descriptor }) => descriptor);
  const listed = full.length > 1 || custom?.["dtuf"] !== undefined ? withTargetBlobs(custom, descriptors) : custom;
  return {
    file: { length, hashes, ...(listed === undefined ? {} : { custom: listed }), unrecognized: {} },
    blobs: full,
  };
}

/** Another name for a target: nothing needs to be read. */
async function sameTarget(session: Session, targets: TargetMap, name: string): Promise<Hashed> {
  const { file, blobs } = await readKnown(session, targets, name);
  return { file, blobs: blobs.map((descriptor) => ({ descriptor, item: `@${name}` })) };
}

/** A target as it will be when what is staged is published, and its blobs. @throws MasterError MASTER_TARGET_UNKNOWN */
async function readKnown(
  session: Session,
  targets: TargetMap,
  name: string,
): Promise<{ readonly file: TargetFile; readonly blobs: readonly Descriptor[] }> {
  const path = parseTargetPath(name);
  const staged = await session.files.findStaged(session.state(), path);
  const file = staged === undefined ? targets.get(path) : staged.kind === "put" ? staged.file : undefined;
  const blobs = file === undefined ? undefined : findTargetBlobs(file);
  if (file === undefined || blobs === undefined) throw unknownTarget(name);
  return { file, blobs };
}

type Digester = ReturnType<typeof createDigester>;

async function hashPart(
  part: Exclude<TargetPart, { kind: "target" }>,
  whole: Digester | undefined,
  { onProgress, signal }: ProgressOptions,
): Promise<Blob> {
  const item = part.kind === "file" ? part.path : (part.label ?? "-");
  const total = part.kind === "file" ? await fileSize(part.path) : undefined;
  const content = part.kind === "file" ? fileContent(part.path) : part.content;
  const own = createDigester();
  let size = 0;
  for await (const chunk of content.open(0)) {
    signal?.throwIfAborted();
    own.update(chunk);
    whole?.update(chunk);
    size += chunk.length;
    onProgress?.({ step: "hash", kind: "target", name: item, bytes: size, totalBytes: total && Math.max(total, size) });
  }
  return { item, content, descriptor: { mediaType: targetMediaType, digest: own.digest(), size } };
}

/** A pipe can be read once only, and a directory not at all. */
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
  readonly whole: Digester | undefined;
  readonly request: PushTargetRequest;
}

/** The blobs of another target, verified as they stream by into the hash of the whole. */
async function readAgain(session: Session, targets: TargetMap, { part, whole, request }: ReadAgain): Promise<Blob[]> {
  const { signal, store } = session;
  const item = `@${part.name}`;
  const { blobs } = await readKnown(session, targets, part.name);
  for (const descriptor of blobs) {
    const stream = await store.open(descriptor, { signal });
    if (stream === undefined) throw missingBlob(part.name, descriptor);
    const { digest, size } = descriptor;
    let bytes = 0;
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      whole?.update(chunk);
      bytes += chunk.length;
      request.onProgress?.({ step: "download", kind: "target", name: item, digest, bytes, totalBytes: size });
    }
  }
  return blobs.map((descriptor) => ({ descriptor, item }));
}

interface TargetUpload extends Hashed {
  readonly path: TargetPath;
  /** Unless the role has so many targets that it keeps them itself. */
  readonly keeper: "target" | "role";
  readonly request: PushTargetRequest;
}

/** Blobs, then the manifest that keeps them. */
async function uploadTarget(session: Session, { file, blobs, path, keeper, request }: TargetUpload): Promise<void> {
  const { store, signal, concurrency } = session;
  await forEachConcurrently(distinct(blobs), concurrency, async ({ descriptor, content, item }) => {
    if (content === undefined) {
      if (!(await store.has(descriptor, { signal }))) throw missingBlob(item, descriptor);
      return;
    }
    const onProgress = (progress: Progress): void => request.onProgress?.({ ...progress, kind: "target", name: item });
    await store.put(descriptor, content, { signal, onProgress });
  });
  const artifact = keeper === "target" ? encodeTarget(path, file) : undefined;
  if (artifact !== undefined) await putArtifact(session, artifact);
}

function distinct(blobs: readonly Blob[]): Iterable<Blob> {
  // Of equal ones the last stays: one that has its content along.
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
