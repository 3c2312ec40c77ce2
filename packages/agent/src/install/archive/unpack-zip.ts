/** Unpacks a zip. Its table at the end says what is in it, so it is verified as a whole before the first file is written. */
import { Readable } from "node:stream";
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from "yauzl";
import type { ByteStream } from "@dtuf/registry";
import type { VerifiedFile } from "../verified-file.ts";
import {
  archiveInvalid,
  createEntryRule,
  defaultEntriesMax,
  verifyLink,
  type ArchiveEntry,
  type UnpackedEntry,
  type UnpackLimits,
} from "./entry-rule.ts";
import type { UnpackedFiles } from "./unpacked-files.ts";

/** The systems that write permissions and kinds of files into an entry: Unix and macOS. */
const unixMakers = new Set([3, 19]);
const kinds: ReadonlyMap<number, string> = new Map([
  [0, "file"],
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o120000, "symlink"],
]);
const linkMaxBytes = 4096;

/** @throws AgentError AGENT_ARCHIVE_INVALID; FileError; errors of `archive`; errors of the parser */
export async function unpackZip(archive: VerifiedFile, files: UnpackedFiles, limits: UnpackLimits): Promise<void> {
  const verified = await verifyEntries(archive, limits);
  await files.reserve(verified.bytes);
  const zip = await openZip(archive);
  // The table is read again: all of its entries at once would take much memory.
  for await (const entry of zip.eachEntry()) {
    const { name, type } = verified.entries.get(entry.fileName) ?? { name: "", type: "unknown" };
    if (type === "directory") await files.createDirectory(name);
    else if (type === "symlink") files.addLink(name, verifyLink(name, await readLink(zip, entry)));
    else if (type === "file") await files.writeFile(name, contentOf(zip, entry), modeOf(entry));
    else throw archiveInvalid("its table changed while it was read");
  }
}

async function verifyEntries(
  archive: VerifiedFile,
  limits: UnpackLimits,
): Promise<{ readonly entries: ReadonlyMap<string, UnpackedEntry>; readonly bytes: number }> {
  const zip = await openZip(archive);
  const { entriesMax = defaultEntriesMax } = limits;
  if (zip.entryCount > entriesMax) throw archiveInvalid(`it has more than ${entriesMax} entries`);
  const enter = createEntryRule(limits);
  const entries = new Map<string, UnpackedEntry>();
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.isEncrypted() || !entry.canDecodeFileData())
      throw archiveInvalid(`${JSON.stringify(entry.fileName)} is encrypted, or packed in a way that is not known`);
    entries.set(entry.fileName, enter(describeEntry(entry)));
    bytes += entry.uncompressedSize;
  }
  return { entries, bytes };
}

function describeEntry(entry: Entry): ArchiveEntry {
  const { fileName: name, uncompressedSize: size } = entry;
  const bits = modeOf(entry) & 0o170000;
  const type = kinds.get(bits) ?? `special file (0o${bits.toString(8)})`;
  return { name, size, type: type === "file" && name.endsWith("/") ? "directory" : type };
}

function modeOf({ versionMadeBy, externalFileAttributes }: Entry): number {
  return unixMakers.has(versionMadeBy >> 8) ? externalFileAttributes >>> 16 : 0;
}

/** Opened when it is read: a stream that fails before somebody reads it ends the process. */
async function* contentOf(zip: ZipFile, entry: Entry): ByteStream {
  for await (const chunk of await zip.openReadStreamPromise(entry)) yield chunk as Uint8Array;
}

async function readLink(zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > linkMaxBytes) throw archiveInvalid("the target of a link is too long");
  const chunks: Uint8Array[] = [];
  for await (const chunk of contentOf(zip, entry)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

class VerifiedReader extends RandomAccessReader {
  readonly #archive: VerifiedFile;

  constructor(archive: VerifiedFile) {
    super();
    this.#archive = archive;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#archive.read(start, end), { objectMode: false });
  }
}

/** Names with `\` are refused, and sizes that differ from the table too. */
function openZip(archive: VerifiedFile): Promise<ZipFile> {
  return fromRandomAccessReaderPromise(new VerifiedReader(archive), archive.size, {
    strictFileNames: true,
    autoClose: false,
  });
}
