/**
 * Reads a part of a target once: for its digest, for those who observe the target's bytes, and for its upload. Small parts are
 * sent from memory, large ones while they are read. A part is read a second time only if the registry
 * probably has it, so that its digest comes first, or if the store cannot receive content without a digest.
 */
import {
  collect,
  createDigester,
  digestOf,
  fileContent,
  hasCapability,
  observed,
  OciError,
  type ByteObserver,
  type ContentSource,
  type Descriptor,
  type Digest,
} from "@dtuf/registry";
import { FileError, readFileIdentity, verifyUnchanged, type FileIdentity } from "@dtuf/registry/files";
import { targetMediaType } from "@dtuf/format";
import type { ProgressOptions, TargetPart } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { partInMemoryMaxBytes } from "../limits.ts";
import type { HashedFiles } from "./hashed-files.ts";
import { reportStored, type NamedBlob, type Sender } from "./sender.ts";

/** A part with a known digest. */
export interface Blob extends NamedBlob {
  /** Absent if the store has the bytes already. */
  readonly content?: ContentSource;
  readonly upload: "done" | "due";
}

export interface ReadOptions extends ProgressOptions {
  /** See every byte of the part. */
  readonly observers: readonly ByteObserver[];
  /** Whether the observers need not see a part of this digest. Default: only if there are none. */
  readonly isKnown?: ((digest: Digest) => Promise<boolean>) | undefined;
  readonly hashed: HashedFiles;
  /** Undefined: nothing is uploaded. */
  readonly sender: Sender | undefined;
}

interface Reading extends ReadOptions {
  readonly item: string;
  readonly content: ContentSource;
  /** Undefined for content that is no file. */
  readonly file: FileIdentity | undefined;
}

/** @throws MasterError MASTER_PART_INVALID; FileError FILE_CHANGED; the errors of reading and of the store */
export async function readPart(part: Exclude<TargetPart, { kind: "target" }>, options: ReadOptions): Promise<Blob> {
  if (part.kind !== "file") {
    const { content, label: item = "-" } = part;
    return hashFirst({ ...options, item, content, file: undefined });
  }
  const { path, range } = part;
  const whole = await findFileIdentity(path);
  // Its `key` still tells whether the file changed.
  const file = range === undefined ? whole : { ...whole, size: range.to - range.from };
  const reading = { ...options, item: path, content: fileContent(path, range), file };
  if (range !== undefined) return readFile(reading, file);
  const { hashed, isKnown = async (): Promise<boolean> => options.observers.length === 0 } = options;
  const known = hashed.find(file);
  const remembered = known && (await isKnown(known)) ? await fromMemory(reading, file, known) : undefined;
  if (remembered !== undefined) return remembered;
  const blob = await readFile(reading, file);
  if (file.size > partInMemoryMaxBytes) await options.hashed.add(file, blob.descriptor.digest);
  return blob;
}

/** A pipe can be read only once, and a directory not at all. */
async function findFileIdentity(path: string): Promise<FileIdentity> {
  try {
    return await readFileIdentity(path);
  } catch (error) {
    if (!FileError.is(error) || error.code !== "FILE_NOT_REGULAR") throw error;
    throw new MasterError("MASTER_PART_INVALID", `${path} is not a regular file`, { details: { path } });
  }
}

/** Returns undefined if the store does not have the blob and the file turns out to be another one. */
async function fromMemory(
  reading: Reading,
  { size, ...file }: FileIdentity,
  digest: Digest,
): Promise<Blob | undefined> {
  const { item, content, sender } = reading;
  const blob = { item, content, descriptor: describe(digest, size) };
  if (sender === undefined) return { ...blob, upload: "due" };
  try {
    await sender.put(blob, content);
    return { ...blob, upload: "done" };
  } catch (error) {
    if (!OciError.is(error) || (error.code !== "OCI_DIGEST_MISMATCH" && error.code !== "OCI_SIZE_MISMATCH"))
      throw error;
    reading.hashed.forget({ ...file, size });
    sender.sent.delete(digest);
    return undefined;
  }
}

async function readFile(reading: Reading, file: FileIdentity): Promise<Blob> {
  const { sender } = reading;
  if (sender === undefined) return hashFirst(reading);
  if (file.size <= partInMemoryMaxBytes) return sendFromMemory(reading, file, sender);
  return (await sender.isLikelyThere(file.size)) ? hashFirst(reading) : sendNew(reading, file, sender);
}

async function hashFirst(reading: Reading): Promise<Blob> {
  const { item, content, file, observers, onProgress, signal } = reading;
  const digester = createDigester();
  let bytes = 0;
  for await (const chunk of observed(content.open(0), [digester, ...observers])) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    const totalBytes = file && Math.max(file.size, bytes);
    onProgress?.({ step: "hash", kind: "target", name: item, bytes, totalBytes });
  }
  if (file !== undefined) await verifyUnchanged(file);
  return { item, content, descriptor: describe(digester.digest(), bytes), upload: "due" };
}

/** Reads a small file; the upload may still be running when this returns. */
async function sendFromMemory(reading: Reading, file: FileIdentity, sender: Sender): Promise<Blob> {
  const { item, content, observers, onProgress } = reading;
  const bytes = await collect(observed(content.open(0), observers), partInMemoryMaxBytes);
  await verifyUnchanged(file);
  onProgress?.({ step: "hash", kind: "target", name: item, bytes: bytes.length, totalBytes: bytes.length });
  const blob = { item, content, descriptor: describe(digestOf(bytes), bytes.length) };
  // Nothing refers to a blob without bytes.
  if (bytes.length === 0) reportStored(onProgress, blob);
  else await sender.begin(() => sender.put(blob, bytes));
  return { ...blob, upload: "done" };
}

async function sendNew(reading: Reading, file: FileIdentity, sender: Sender): Promise<Blob> {
  const { item, content: source, observers, onProgress, signal } = reading;
  const { store, sent } = sender;
  if (!hasCapability(store, "putNew")) return hashFirst(reading);
  const descriptor = await store.putNew(
    { source, size: file.size, name: item, observers },
    { signal, onProgress: (progress) => onProgress?.({ ...progress, kind: "target" }) },
  );
  await verifyUnchanged(file);
  sent.set(descriptor.digest, Promise.resolve());
  const blob: Blob = { item, content: source, descriptor: describe(descriptor.digest, file.size), upload: "done" };
  reportStored(onProgress, blob);
  return blob;
}

function describe(digest: Digest, size: number): Descriptor {
  return { mediaType: targetMediaType, digest, size };
}
