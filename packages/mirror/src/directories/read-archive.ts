/**
 * Reads an OCI archive (a tar of a layout) into a directory of its own. The tar may come from anyone: nothing in it names
 * a path. A file is taken for what its name says only if that is `oci-layout`, `index.json` or a digest, is written under
 * a name made here, and a blob that is not its digest is refused. Links, devices, sparse files and every other name end
 * the reading. The layout's marker is written last, so what was refused half way is no layout.
 */
import { join } from "node:path";
import { Readable } from "node:stream";
import { collect, createDigester, digestAlgorithm, isDigest, type ByteStream, type Digest } from "@dtuf/registry";
import {
  createAtomicFile,
  createDirectory,
  fileError,
  readRegularFile,
  syncDirectory,
  writeFileAtomically,
} from "@dtuf/registry/files";
import type { Header } from "tar-stream";
import { MirrorError } from "../errors.ts";
import { archiveFilesMax, archiveIndexMaxBytes } from "../limits.ts";

interface Entry extends ByteStream {
  readonly header: Header;
  resume(): unknown;
}

/** What `docker save` puts beside a layout; of no use here. */
const companions: ReadonlySet<string> = new Set(["manifest.json", "repositories"]);
const folders: ReadonlySet<string> = new Set(["", ".", "blobs", "blobs/sha256", "blobs/sha512"]);

/**
 * @param directory becomes the layout; must be empty or not there
 * @throws MirrorError MIRROR_ARCHIVE_INVALID; OciError OCI_LIMIT_EXCEEDED; FileError; the signal's reason
 */
export async function readArchive(
  archive: string,
  directory: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  for (const algorithm of ["sha256", "sha512"]) await createDirectory(join(directory, "blobs", algorithm));
  const small = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  const { extract } = await import("tar-stream");
  const tar = extract();
  const input = Readable.from(readTar(archive, signal));
  let inputFault: unknown;
  input.on("error", (error) => {
    inputFault = error;
    tar.destroy(error);
  });
  input.pipe(tar);
  try {
    for await (const entry of tar as unknown as AsyncIterable<Entry>) {
      const name = verifyEntry(archive, entry, seen);
      if (name === "oci-layout" || name === "index.json") small.set(name, await collect(entry, archiveIndexMaxBytes));
      else if (name.startsWith("blobs/") && !folders.has(name)) await keepBlob(archive, directory, { name, entry });
      else entry.resume();
    }
  } catch (error) {
    throw readable(inputFault ?? error, archive, signal);
  } finally {
    input.destroy();
  }
  await finish(archive, directory, small);
}

async function finish(archive: string, directory: string, small: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const name of ["index.json", "oci-layout"]) {
    const bytes = small.get(name);
    if (bytes === undefined) throw invalid(archive, `there is no ${name} in it`);
    await Promise.all(["sha256", "sha512"].map((algorithm) => syncDirectory(join(directory, "blobs", algorithm))));
    await writeFileAtomically(join(directory, name), bytes);
  }
}

function invalid(archive: string, what: string, cause?: unknown): MirrorError {
  return new MirrorError("MIRROR_ARCHIVE_INVALID", `${archive} is no archive of an OCI layout: ${what}`, {
    details: { path: archive },
    cause,
  });
}

/**
 * The parser's own errors have no code; whatever has one, or is ours, says more than they do. Where the tar ends within an
 * entry, the entry may say that it was destroyed before the parser says why.
 */
function readable(error: unknown, archive: string, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  const found = fileError(error, archive);
  if (found instanceof Error && "code" in found && found.code === "STREAM_DESTROYED")
    return invalid(archive, "it ends early", found);
  const isParsers = found instanceof Error && found.constructor === Error;
  return isParsers ? invalid(archive, found.message, found) : found;
}

/** A clean name: one of a layout's own files, or of its folders. @throws MirrorError MIRROR_ARCHIVE_INVALID */
function verifyEntry(archive: string, { header }: Entry, seen: Set<string>): string {
  const shown = JSON.stringify(header.name.slice(0, 200));
  const name = header.name.replace(/^\.\//, "").replace(/\/$/, "");
  const isFolder = header.type === "directory";
  if (header.type !== "file" && !isFolder) throw invalid(archive, `${shown} is a ${header.type}`);
  const isExpected = isFolder ? folders.has(name) : isLayoutFile(name);
  if (!isExpected) throw invalid(archive, `${shown} has no place in a layout`);
  if (!isFolder && seen.has(name)) throw invalid(archive, `${shown} is in it twice`);
  seen.add(name);
  if (seen.size > archiveFilesMax) throw invalid(archive, `more than ${archiveFilesMax} files`);
  return name;
}

function isLayoutFile(name: string): boolean {
  return name === "oci-layout" || name === "index.json" || companions.has(name) || digestIn(name) !== undefined;
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
  if (digest === undefined) throw invalid(archive, `${JSON.stringify(name)} has no place in a layout`);
  const file = await createAtomicFile(join(directory, name), { directorySync: "later" });
  const digester = createDigester(digestAlgorithm(digest));
  try {
    for await (const chunk of entry) {
      digester.update(chunk);
      await file.write(chunk);
    }
    const got = digester.digest();
    if (got !== digest) throw invalid(archive, `wanted ${digest}, got ${got}`);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

function readTar(archive: string, signal: AbortSignal | undefined): ByteStream {
  return readRegularFile(archive, { signal, followLinks: true });
}
