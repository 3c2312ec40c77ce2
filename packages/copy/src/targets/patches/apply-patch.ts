/**
 * Makes a content from an older file, or from nothing, and one signed patch. What an earlier call wrote is verified and kept. For
 * archives, what is in the older one is unpacked beside the file, patched, and packed again.
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { createGzip, DeltaError, openGzip, type IndexedContent } from "@dtuf/delta";
import { betweenMaxBytes, type TargetPatch } from "@dtuf/format";
import type { ByteStream } from "@dtuf/registry";
import { createBatchWriter, fileCall, FileError, openRegularFile, readRegularFile } from "@dtuf/registry/files";
import { openPartialFile, readRange, verifyFreeSpace, type PartialFile } from "../partial-file.ts";
import type { Site, TargetInfo } from "../../sources/source.ts";
import { openPatch, openSegments, type OpenedPatch, type WantedPatch } from "./patch-reader.ts";
import { countPresent, writeSegments, type NamedHandle } from "./write-segments.ts";

export interface PatchStep {
  readonly target: TargetInfo;
  readonly patch: TargetPatch;
  /** The older file; undefined if the patch is from nothing. */
  readonly from: string | undefined;
  /** What the patch makes. */
  readonly to: IndexedContent;
  readonly output: NamedHandle;
  /** Bytes of the output that are there. They may be wrong. */
  readonly held: number;
  readonly signal: AbortSignal | undefined;
  /** Called with the number of bytes that are written. */
  readonly onWritten: (bytes: number) => void;
}

/** @throws DeltaError, FileError, OciError, CopyError COPY_NO_SPACE; without an archive, what was written before is right */
export async function applyPatch(site: Site, step: PatchStep): Promise<void> {
  const over = new AbortController();
  const signal = step.signal === undefined ? over.signal : AbortSignal.any([step.signal, over.signal]);
  const wanted: WantedPatch = { target: step.target, patch: step.patch, to: step.to, signal };
  try {
    const opened = await openPatch(site, wanted, step.held > 0 ? "table" : "all");
    const making = { wanted, opened, signal };
    await (opened.table.archive === undefined ? makeContent : makeArchive)(site, step, making);
  } finally {
    // A range that was not read to its end holds a connection.
    over.abort();
  }
}

interface Making {
  readonly wanted: WantedPatch;
  readonly opened: OpenedPatch;
  readonly signal: AbortSignal;
}

async function makeContent(
  site: Site,
  { from, output, held, onWritten }: Pick<PatchStep, "from" | "output" | "held" | "onWritten">,
  { wanted, opened: { table, reader }, signal }: Making,
): Promise<void> {
  const old = from === undefined ? undefined : await openOld(from);
  try {
    const present = held > 0 ? await countPresent(table.segments, readRange(output.path, 0, held)) : 0;
    const segments = table.segments.slice(present);
    const coded = reader ?? (await openSegments(site, wanted, segments));
    const position = segments[0]?.offset;
    if (position !== undefined) await fileCall(output.path, () => output.file.truncate(position));
    await writeSegments({ segments, coded, old, output, signal, onWritten });
  } finally {
    await old?.file.close();
  }
}

async function openOld(path: string): Promise<NamedHandle> {
  const opened = await openRegularFile(path);
  if (opened === undefined) throw gone(path);
  return { file: opened.file, path };
}

function gone(path: string): FileError {
  return new FileError("FILE_CHANGED", `${path} is gone`, { details: { path } });
}

/** What is in the older archive is what was signed, because the archive is; each segment of the new content is verified. */
async function makeArchive(site: Site, step: PatchStep, making: Making): Promise<void> {
  const { target, from, to, output, signal } = step;
  const { archive, oldLength, newLength } = making.opened.table;
  if (from === undefined || archive === undefined) throw differs("an archive is made from an older one");
  const most = betweenMaxBytes(target.length);
  if (Math.max(oldLength, newLength) > most) throw differs(`more than ${most} bytes are in it`);
  await verifyFreeSpace(dirname(output.path), oldLength + newLength + to.length - step.held);
  const scratch: PartialFile[] = [];
  try {
    const old = await openScratch(output, `old content of ${to.sha256}`);
    scratch.push(old);
    const fresh = await openScratch(output, `content of ${to.sha256}`);
    scratch.push(fresh);
    const unpacked = openGzip(readRegularFile(from, { signal }), oldLength);
    await writeExactly(unpacked, old, { length: oldLength, signal });
    await makeContent(site, { from: old.path, output: fresh, held: 0, onWritten: () => undefined }, making);
    const content = readRange(fresh.path, 0, newLength);
    await writeExactly(createGzip(content, archive), output, { ...step, ...to });
  } finally {
    for (const file of scratch) await file.abort("remove");
  }
}

/** A file beside the output that a later call finds again, and that nothing else uses. */
export function openScratch({ path }: Pick<NamedHandle, "path">, content: string): Promise<PartialFile> {
  return openPartialFile({ destination: path, content, name: "shared" });
}

interface Exactly extends Pick<PatchStep, "signal">, Partial<Pick<PatchStep, "onWritten">> {
  readonly length: number;
  /** If it is known. */
  readonly sha256?: string;
}

/** @throws DeltaError DELTA_ARCHIVE_DIFFERS */
async function writeExactly(
  stream: ByteStream,
  { file, path }: NamedHandle,
  { length, sha256, signal, onWritten }: Exactly,
): Promise<void> {
  await fileCall(path, () => file.truncate(0));
  const writer = createBatchWriter(file, { path, position: 0, expectedBytes: length });
  const hash = createHash("sha256");
  let written = 0;
  try {
    for await (const bytes of stream) {
      signal?.throwIfAborted();
      written += bytes.length;
      if (written > length) throw differs(`it has more than ${length} bytes`);
      if (sha256 !== undefined) hash.update(bytes);
      await writer.write(bytes);
      onWritten?.(written);
    }
  } finally {
    await writer.end();
  }
  if (written !== length) throw differs(`it has ${written} bytes instead of ${length}`);
  if (sha256 !== undefined && hash.digest("hex") !== sha256) throw differs("its SHA-256 is another one");
}

function differs(what: string): DeltaError {
  return new DeltaError("DELTA_ARCHIVE_DIFFERS", `the archive is not the one that was signed: ${what}`);
}
