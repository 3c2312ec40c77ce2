/**
 * Makes a content from an older file, or from nothing, and one signed patch. What an earlier call wrote is verified and kept. For
 * archives, what is in the older one is unpacked beside the file, patched, and packed again.
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { createGzip, DeltaError, openGzip, type ArchiveRecipe, type IndexedContent } from "@dtuf/delta";
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
    const { archive } = opened.table;
    const making = { wanted, opened, signal };
    if (archive === undefined) await makeContent(site, step, making);
    else await makeArchive(site, step, { ...making, archive });
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

async function makeArchive(
  site: Site,
  step: PatchStep,
  { archive, ...making }: Making & { readonly archive: ArchiveRecipe },
): Promise<void> {
  const { target, from, to, output, onWritten } = step;
  if (from === undefined) throw differs("an archive is made from an older one");
  const most = betweenMaxBytes(target.length);
  if (Math.max(archive.from.length, archive.to.length) > most) throw differs(`more than ${most} bytes are in it`);
  await verifyFreeSpace(dirname(output.path), archive.from.length + archive.to.length + to.length - step.held);
  const [old, fresh] = [await openScratch(output, archive.from), await openScratch(output, archive.to)];
  try {
    await writeVerified(openGzip(readRegularFile(from, { signal: step.signal }), archive.from.length), old, {
      ...step,
      to: archive.from,
    });
    await makeContent(site, { from: old.path, output: fresh, held: 0, onWritten: () => undefined }, making);
    const content = readRange(fresh.path, 0, archive.to.length);
    await writeVerified(createGzip(content, archive), output, { ...step, to, onWritten });
  } finally {
    await old.abort("remove");
    await fresh.abort("remove");
  }
}

/** A file beside the output that a later call finds again, and that nothing else uses. */
export function openScratch({ path }: Pick<NamedHandle, "path">, { sha256 }: IndexedContent): Promise<PartialFile> {
  return openPartialFile({ destination: path, content: sha256, name: "shared" });
}

/** @throws DeltaError DELTA_ARCHIVE_DIFFERS */
async function writeVerified(
  stream: ByteStream,
  { file, path }: NamedHandle,
  { to, signal, onWritten }: Pick<PatchStep, "to" | "signal"> & Partial<Pick<PatchStep, "onWritten">>,
): Promise<void> {
  await fileCall(path, () => file.truncate(0));
  const writer = createBatchWriter(file, { path, position: 0, expectedBytes: to.length });
  const hash = createHash("sha256");
  let length = 0;
  try {
    for await (const bytes of stream) {
      signal?.throwIfAborted();
      length += bytes.length;
      if (length > to.length) throw differs(`it has more than ${to.length} bytes`);
      hash.update(bytes);
      await writer.write(bytes);
      onWritten?.(length);
    }
  } finally {
    await writer.end();
  }
  if (length !== to.length || hash.digest("hex") !== to.sha256) throw differs("its SHA-256 is another one");
}

function differs(what: string): DeltaError {
  return new DeltaError("DELTA_ARCHIVE_DIFFERS", `the archive is not the one that was signed: ${what}`);
}
