/**
 * Unpacks a tar, plain or compressed by gzip or zstd, into an empty directory of the agent's own. Nothing of it is trusted:
 * names that lead out, links that lead out, entries through a link, devices and entries that occur twice are refused, and
 * files, bytes and their number are bounded. Links are made after all files, so no file is written through one.
 */
import { symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { resumed, type ByteStream } from "@dtuf/registry";
import { createAtomicFile, createDirectory, fileCall, fileError, isFileName } from "@dtuf/registry/files";
import { extract, type Header } from "tar-stream";
import { AgentError } from "../errors.ts";

export interface UnpackLimits {
  /** Of all files together. Default: 4 GiB. */
  readonly unpackedMaxBytes?: number | undefined;
  /** Files, directories and links. Default: 200,000. */
  readonly entriesMax?: number | undefined;
}

interface Entry extends ByteStream {
  readonly header: Header;
  resume(): unknown;
}

const defaultMaxBytes = 4 * 1024 ** 3;
const defaultEntriesMax = 200_000;
/** A header, a long name and padding. */
const entryOverheadBytes = 4096;
/** A zstd archive names its window; more memory than this is not given. */
const windowLogMax = 27;

/**
 * @param directory exists and is empty
 * @throws AgentError AGENT_ARCHIVE_INVALID, AGENT_UNSUPPORTED; FileError; errors of `archive`
 */
export async function unpackTar(archive: ByteStream, directory: string, limits: UnpackLimits = {}): Promise<void> {
  const tar = extract();
  const links = new Map<string, string>();
  const enter = createEntryRule(limits);
  let sourceFault: unknown;
  const input = Readable.from(bounded(await decompressed(archive), limits));
  input.on("error", (error) => {
    sourceFault ??= error;
    tar.destroy(error);
  });
  input.pipe(tar);
  try {
    for await (const entry of tar as unknown as AsyncIterable<Entry>) {
      const { name, target } = enter(entry.header);
      if (target !== undefined) links.set(name, target);
      if (entry.header.type === "directory") await createDirectory(join(directory, name));
      if (entry.header.type === "file") await writeEntry(entry, join(directory, name));
      else entry.resume();
    }
  } catch (error) {
    throw readable(sourceFault ?? error);
  } finally {
    input.destroy();
  }
  if (sourceFault !== undefined) throw readable(sourceFault);
  await makeLinks(directory, links);
}

/** Headers and padding count too: they are read, although they are not written. */
async function* bounded(tar: AsyncIterable<Uint8Array>, limits: UnpackLimits): ByteStream {
  const { unpackedMaxBytes = defaultMaxBytes, entriesMax = defaultEntriesMax } = limits;
  const max = unpackedMaxBytes + (entriesMax + 1) * entryOverheadBytes;
  let bytes = 0;
  for await (const chunk of tar) {
    bytes += chunk.length;
    if (bytes > max) throw invalid(`it unpacks to more than ${max} bytes`);
    yield chunk;
  }
}

async function writeEntry(entry: Entry, path: string): Promise<void> {
  await createDirectory(dirname(path));
  const mode = ((entry.header.mode ?? 0) & 0o111) === 0 ? 0o644 : 0o755;
  const file = await createAtomicFile(path, { mode });
  try {
    for await (const chunk of entry) await file.write(chunk);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

async function makeLinks(directory: string, links: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, target] of links) {
    await createDirectory(dirname(join(directory, name)));
    await fileCall(join(directory, name), () => symlink(target, join(directory, name)));
  }
}

/** Returns a function that verifies an entry, and returns its clean name and the target of a link. */
function createEntryRule(limits: UnpackLimits): (header: Header) => { name: string; target: string | undefined } {
  const { unpackedMaxBytes = defaultMaxBytes, entriesMax = defaultEntriesMax } = limits;
  const kinds = new Map<string, "directory" | "leaf">();
  let [bytes, count] = [0, 0];
  return ({ name: given, type, size, linkname }) => {
    const name = cleanName(given);
    bytes += size;
    if (++count > entriesMax) throw invalid(`it has more than ${entriesMax} entries`);
    if (bytes > unpackedMaxBytes) throw invalid(`it unpacks to more than ${unpackedMaxBytes} bytes`);
    if (type !== "file" && type !== "directory" && type !== "symlink") throw invalid(`${shown(given)} is a ${type}`);
    enterName(kinds, name, type === "directory" ? "directory" : "leaf");
    return { name, target: type === "symlink" ? cleanTarget(name, linkname ?? "") : undefined };
  };
}

/** Files and links have nothing below them, and no name occurs twice, also on file systems that fold case. */
function enterName(kinds: Map<string, "directory" | "leaf">, name: string, kind: "directory" | "leaf"): void {
  const folded = name.normalize("NFC").toLowerCase();
  const parts = folded.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const above = parts.slice(0, depth).join("/");
    if (kinds.get(above) === "leaf") throw invalid(`${shown(name)} is below a file or a link`);
    kinds.set(above, "directory");
  }
  const before = kinds.get(folded);
  if (before !== undefined && !(before === "directory" && kind === "directory"))
    throw invalid(`${shown(name)} is in it twice`);
  kinds.set(folded, kind);
}

function cleanName(given: string): string {
  const parts = given
    .split("/")
    .filter((part, index, all) => part !== "." && !(part === "" && index === all.length - 1));
  const isSafe = parts.every((part) => isFileName(part, "win32")) && !given.startsWith("/");
  if (parts.length === 0) return ".";
  if (!isSafe) throw invalid(`${shown(given)} leads out of it, or is no name on every system`);
  return parts.join("/");
}

/** A link leads to a name within the archive, never over its root. */
function cleanTarget(name: string, target: string): string {
  const reached = posix.join(posix.dirname(name), target);
  const leadsOut = posix.isAbsolute(target) || /^[A-Za-z]:|\\/.test(target) || target === "";
  if (leadsOut || reached === ".." || reached.startsWith("../"))
    throw invalid(`the link ${shown(name)} leads out of it`);
  return target;
}

/** By its first bytes. */
async function decompressed(archive: ByteStream): Promise<AsyncIterable<Uint8Array>> {
  const source = archive[Symbol.asyncIterator]();
  const first = await source.next();
  const start = first.done === true ? new Uint8Array() : first.value;
  const bytes = Readable.from(resumed(start, source));
  const unpacker = findUnpacker(Buffer.from(start.subarray(0, 4)).toString("hex"));
  if (unpacker === undefined) return bytes;
  bytes.on("error", (error) => unpacker.destroy(error));
  return bytes.pipe(unpacker);
}

function findUnpacker(first: string): Transform | undefined {
  if (first.startsWith("1f8b")) return zlib.createGunzip();
  if (first !== "28b52ffd") return undefined;
  if (typeof zlib.createZstdDecompress !== "function")
    throw new AgentError("AGENT_UNSUPPORTED", "the archive is compressed with zstd, which Node 22.15 and newer unpack");
  return zlib.createZstdDecompress({ params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLogMax } });
}

/** The parsers' own errors become AGENT_ARCHIVE_INVALID; others stay. */
function readable(error: unknown): unknown {
  if (AgentError.is(error)) return error;
  const found = fileError(error, "the archive");
  if (!(found instanceof Error)) return found;
  const code = "code" in found ? String(found.code) : "";
  const isParsers = found.constructor === Error && (code === "" || /^(?:Z_|ZSTD_|ERR_|STREAM_)/.test(code));
  return isParsers ? invalid(`it cannot be read: ${found.message}`, found) : found;
}

function invalid(what: string, cause?: unknown): AgentError {
  return new AgentError("AGENT_ARCHIVE_INVALID", `the archive is not installed: ${what}`, { cause });
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));
