/**
 * Reads an OCI archive (a tar of a layout) into a directory of its own. The tar may come from anyone: nothing in it names
 * a path. A file is taken for what its name says only if that is `oci-layout`, `index.json` or a digest, is written under
 * a name made here, and a blob that is not its digest is refused. Other files, which tools and systems put beside a layout,
 * are passed over and never written. Links, devices, sparse files and names that climb end the reading. The index and the
 * layout's marker are written last, so what was refused half way is no layout.
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
import { archiveInvalid } from "../errors.ts";
import { archiveFilesMax, archiveIndexMaxBytes } from "../limits.ts";
import { unpackArchive } from "./unpack-archive.ts";

interface Entry extends ByteStream {
  readonly header: Header;
  resume(): unknown;
}

export interface ArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Its bytes, if they come from elsewhere than a file: the archive's name is for errors then. */
  readonly content?: ByteStream | undefined;
}

/**
 * @param directory becomes the layout; must be empty or not there
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
  // The oldest form of a tar has no magic; its headers have a checksum all the same. The types do not know of it.
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

/** Some tools write no marker; an index is what every layout has. */
async function finish(archive: string, directory: string, small: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const index = small.get("index.json");
  if (index === undefined) throw archiveInvalid(archive, "there is no index.json in it");
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
 * The parser's own errors have no code; whatever has one, or is ours, says more than they do. Where the tar ends within an
 * entry, the entry may say that it was destroyed before the parser says why.
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
 * The clean name of a file of a layout; undefined: of no use here.
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

/** On any system, although nothing is written under it. */
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
  if (digest === undefined) throw archiveInvalid(archive, `${JSON.stringify(name)} has no place in a layout`);
  const file = await createAtomicFile(join(directory, name), { directorySync: "later" });
  const digester = createDigester(digestAlgorithm(digest));
  try {
    for await (const chunk of entry) {
      digester.update(chunk);
      await file.write(chunk);
    }
    const got = digester.digest();
    if (got !== digest) throw archiveInvalid(archive, `wanted ${digest}, got ${got}`);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}
