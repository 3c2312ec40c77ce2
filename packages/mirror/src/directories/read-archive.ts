/**
 * Reads an OCI archive (a tar of a layout) into a separate directory. The tar is not trusted: no path is taken from it. Only
 * `oci-layout`, `index.json` and blobs named by a digest are read, each is written under a name made here, and a blob with
 * another digest is refused. Other files, which tools and systems put next to a layout, are skipped and never written.
 * Links, devices, sparse files and names that lead out of the archive are refused. The index and the marker `oci-layout` are
 * written last, so a refused archive never becomes a layout.
 */
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  collect,
  createDigester,
  digestAlgorithm,
  isDigest,
  OciError,
  type ByteStream,
  type Digest,
} from "@dtuf/registry";
import {
  createAtomicFile,
  createDirectory,
  fileError,
  readRegularFile,
  syncDirectory,
  writeFileAtomically,
} from "@dtuf/registry/files";
import { verifyLayoutFiles } from "@dtuf/registry/layout";
import type { Header } from "tar-stream";
import { archiveDamaged, archiveInvalid } from "../errors.ts";
import { archiveFilesMax, archiveIndexMaxBytes } from "../limits.ts";
import { unpackArchive } from "./unpack-archive.ts";

interface Entry extends ByteStream {
  readonly header: Header;
  resume(): unknown;
}

export interface ArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** The bytes of the archive, if they do not come from a file. The name of the archive is then used only in errors. */
  readonly content?: ByteStream | undefined;
}

/**
 * @param directory becomes the layout; must be empty or missing
 * @throws MirrorError MIRROR_ARCHIVE_INVALID; OciError OCI_LIMIT_EXCEEDED; FileError; the signal's reason
 */
export async function readArchive(
  archive: string,
  directory: string,
  { signal, content }: ArchiveOptions = {},
): Promise<void> {
  for (const algorithm of ["sha256", "sha512"]) await createDirectory(join(directory, "blobs", algorithm));
  const small = new Map<string, Uint8Array>();
  const verifyEntry = createEntryRule(archive);
  const { extract } = await import("tar-stream");
  // The oldest form of a tar has no magic, but its headers have a checksum. The types do not have this option.
  const anyForm: object = { allowUnknownFormat: true };
  const tar = extract(anyForm);
  const input = Readable.from(
    unpackArchive(archive, content ?? readRegularFile(archive, { signal, followLinks: true })),
  );
  let inputFault: unknown;
  input.on("error", (error) => {
    inputFault = error;
    tar.destroy(error);
  });
  input.pipe(tar);
  try {
    for await (const entry of tar as unknown as AsyncIterable<Entry>) {
      const name = verifyEntry(entry.header);
      if (name === undefined) entry.resume();
      else if (name === "oci-layout" || name === "index.json")
        small.set(name, await collect(entry, archiveIndexMaxBytes));
      else await keepBlob(archive, directory, { name, entry });
    }
  } catch (error) {
    throw readable(inputFault ?? error, archive, signal);
  } finally {
    input.destroy();
  }
  await finish(archive, directory, small);
}

/** Writes the index and the marker. Some tools write no marker, but every layout has an index. */
async function finish(archive: string, directory: string, small: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const index = small.get("index.json");
  if (index === undefined) throw archiveInvalid(archive, "it has no index.json");
  const marker = small.get("oci-layout") ?? new TextEncoder().encode('{"imageLayoutVersion":"1.0.0"}');
  try {
    verifyLayoutFiles(index, marker);
  } catch (cause) {
    if (!OciError.is(cause)) throw cause;
    throw archiveInvalid(archive, cause.message, cause);
  }
  await Promise.all(["sha256", "sha512"].map((algorithm) => syncDirectory(join(directory, "blobs", algorithm))));
  await writeFileAtomically(join(directory, "index.json"), index);
  await writeFileAtomically(join(directory, "oci-layout"), marker);
}

/**
 * Returns the error to throw. The parser's own errors have no code and become MIRROR_ARCHIVE_INVALID; other errors do not
 * change. If the tar ends within an entry, the entry may report that it was destroyed before the parser reports the reason.
 */
function readable(error: unknown, archive: string, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  const found = fileError(error, archive);
  if (found instanceof Error && "code" in found && found.code === "STREAM_DESTROYED")
    return archiveInvalid(archive, "it ends early", found);
  const isParsers = found instanceof Error && found.constructor === Error;
  return isParsers ? archiveInvalid(archive, found.message, found) : found;
}

/**
 * Returns a function that verifies an entry and returns the clean name of a file of a layout, or undefined for other files.
 * @throws MirrorError MIRROR_ARCHIVE_INVALID
 */
function createEntryRule(archive: string): (header: Header) => string | undefined {
  const seen = new Set<string>();
  let count = 0;
  return ({ name: given, type }) => {
    const shown = JSON.stringify(given.slice(0, 200));
    if (++count > archiveFilesMax) throw archiveInvalid(archive, `more than ${archiveFilesMax} files`);
    if (type !== "file" && type !== "directory") throw archiveInvalid(archive, `${shown} is a ${type}`);
    if (leadsOut(given)) throw archiveInvalid(archive, `${shown} leads out of it`);
    const name = given.replace(/^\.\//, "");
    if (type === "directory" || !isLayoutFile(name)) return undefined;
    if (seen.has(name)) throw archiveInvalid(archive, `${shown} is in it twice`);
    seen.add(name);
    return name;
  };
}

/** Whether the name would lead out of the archive on any system. */
function leadsOut(name: string): boolean {
  return /^[/\\]|^[A-Za-z]:/.test(name) || name.split(/[/\\]/).includes("..");
}

function isLayoutFile(name: string): boolean {
  return name === "oci-layout" || name === "index.json" || digestIn(name) !== undefined;
}

function digestIn(name: string): Digest | undefined {
  const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(name) ?? [];
  const digest = `${algorithm}:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

async function keepBlob(
  archive: string,
  directory: string,
  { name, entry }: { readonly name: string; readonly entry: Entry },
): Promise<void> {
  const digest = digestIn(name);
  if (digest === undefined) throw archiveInvalid(archive, `${JSON.stringify(name)} does not belong to a layout`);
  const file = await createAtomicFile(join(directory, name), { directorySync: "later" });
  const digester = createDigester(digestAlgorithm(digest));
  try {
    for await (const chunk of entry) {
      digester.update(chunk);
      await file.write(chunk);
    }
    const got = digester.digest();
    if (got !== digest) throw archiveDamaged(archive, `wanted ${digest}, got ${got}`);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
