/** Archives of each format from one list of entries, also with names that no honest tool writes. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import { ZipFile } from "yazl";

export interface Entry {
  readonly name: string;
  /** Default: a file. */
  readonly type?: "file" | "directory" | "symlink" | "fifo";
  readonly linkname?: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
}

export type Format = keyof typeof formats;

const formats = {
  tar: makeTar,
  "tar.gz": async (entries: readonly Entry[]) => gzipSync(await makeTar(entries)),
  "tar.zst": async (entries: readonly Entry[]) => zstdCompressSync(await makeTar(entries)),
  zip: makeZip,
};

export const formatNames = Object.keys(formats) as readonly Format[];

export function archiveOf(format: Format, entries: readonly Entry[]): Promise<Buffer> {
  return formats[format](entries);
}

async function makeTar(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = "", type = "file", mode = 0o755, ...entry } of entries) {
    const header: Parameters<typeof tar.entry>[0] = { ...entry, mode, type };
    if (type === "file") tar.entry(header, content);
    else tar.entry(header);
  }
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>));
}

const kindBits = { file: 0o100000, directory: 0o040000, symlink: 0o120000, fifo: 0o010000 };

/** The names are put in afterwards, because the library that writes them refuses bad ones. */
async function makeZip(entries: readonly Entry[]): Promise<Buffer> {
  const zip = new ZipFile();
  const placeholders = entries.map(({ name }, at) => `${at}`.padEnd(Buffer.byteLength(name), "~"));
  entries.forEach(({ type = "file", content = "", linkname, mode = 0o755 }, at) => {
    zip.addBuffer(Buffer.from(linkname ?? content), placeholders[at] ?? "", { mode: kindBits[type] | mode });
  });
  zip.end();
  const bytes = Buffer.concat(await Array.fromAsync(zip.outputStream as AsyncIterable<Uint8Array>));
  entries.forEach(({ name }, at) => replaceAll(bytes, placeholders[at] ?? "", Buffer.from(name)));
  return bytes;
}

function replaceAll(bytes: Buffer, wanted: string, name: Buffer): void {
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + name.length)) name.copy(bytes, at);
}

/** Changes each entry of a zip's table: `offset` counts from the entry's signature. */
export function patchTable(zip: Buffer, offset: number, value: Buffer): Buffer {
  const patched = Buffer.from(zip);
  const signature = Buffer.from([0x50, 0x4b, 1, 2]);
  for (let at = patched.indexOf(signature); at !== -1; at = patched.indexOf(signature, at + 46))
    value.copy(patched, at + offset);
  return patched;
}
