/** Unpacks a tar, plain or compressed by gzip or zstd. */
import { Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { ByteStream } from "@dtuf/registry";
import { extract, type Header } from "tar-stream";
import { AgentError } from "../../errors.ts";
import {
  archiveInvalid,
  createEntryRule,
  defaultEntriesMax,
  defaultMaxBytes,
  verifyLink,
  type UnpackLimits,
} from "./entry-rule.ts";
import type { UnpackedFiles } from "./unpacked-files.ts";

interface Entry extends ByteStream {
  readonly header: Header;
  resume(): unknown;
}

/** The archive and its first bytes in hex, which say how it is compressed. */
export interface TarContent {
  readonly start: string;
  readonly bytes: ByteStream;
}

/** A header, a long name and padding. */
const entryOverheadBytes = 4096;
/** A zstd archive names its window; more memory than this is not given. */
const windowLogMax = 27;

/** @throws AgentError AGENT_ARCHIVE_INVALID, AGENT_UNSUPPORTED; FileError; errors of the archive; errors of the parsers */
export async function unpackTar(archive: TarContent, files: UnpackedFiles, limits: UnpackLimits): Promise<void> {
  const tar = extract();
  const enter = createEntryRule(limits);
  let sourceFault: unknown;
  const input = Readable.from(bounded(decompressed(archive), limits));
  input.on("error", (error) => {
    sourceFault ??= error;
    tar.destroy(error);
  });
  input.pipe(tar);
  try {
    for await (const entry of tar as unknown as AsyncIterable<Entry>) {
      const { linkname, mode, size } = entry.header;
      const { name, type } = enter({ ...entry.header, type: entry.header.type ?? "entry of no kind" });
      if (type === "symlink") files.addLink(name, verifyLink(name, linkname ?? ""));
      if (type === "directory") await files.createDirectory(name);
      if (type !== "file") entry.resume();
      else {
        await files.reserve(size);
        await files.writeFile(name, entry, mode);
      }
    }
  } catch (error) {
    throw sourceFault ?? error;
  } finally {
    input.destroy();
  }
  if (sourceFault !== undefined) throw sourceFault;
}

/** Headers and padding count too: they are read, although they are not written. */
async function* bounded(tar: AsyncIterable<Uint8Array>, limits: UnpackLimits): ByteStream {
  const { unpackedMaxBytes = defaultMaxBytes, entriesMax = defaultEntriesMax } = limits;
  const max = unpackedMaxBytes + (entriesMax + 1) * entryOverheadBytes;
  let bytes = 0;
  for await (const chunk of tar) {
    bytes += chunk.length;
    if (bytes > max) throw archiveInvalid(`it unpacks to more than ${max} bytes`);
    yield chunk;
  }
}

function decompressed({ start, bytes }: TarContent): AsyncIterable<Uint8Array> {
  const unpacker = findUnpacker(start);
  if (unpacker === undefined) return bytes;
  const packed = Readable.from(bytes);
  packed.on("error", (error) => unpacker.destroy(error));
  return packed.pipe(unpacker);
}

function findUnpacker(start: string): Transform | undefined {
  if (start.startsWith("1f8b")) return zlib.createGunzip();
  if (start !== "28b52ffd") return undefined;
  if (typeof zlib.createZstdDecompress !== "function")
    throw new AgentError("AGENT_UNSUPPORTED", "the archive is compressed with zstd, which Node 22.15 and newer unpack");
  return zlib.createZstdDecompress({ params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLogMax } });
}
