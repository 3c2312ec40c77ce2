import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { collect } from "@dtuf/registry";
import { createAtomicFile, findNamedFile, isErrno } from "@dtuf/registry/files";
import { rootFileMaxBytes } from "@dtuf/format";
import { findForeignEncoding, parseUnverified, TufError, withPlace } from "@dtuf/tuf";
import type { Context } from "./command.ts";
import type { Io } from "./io.ts";
import { UsageError } from "./usage.ts";

/**
 * A file of text that was named on the command line, whole; `-` is stdin.
 * @throws UsageError where it is not there, or is not plain UTF-8 by its first bytes; FileError
 */
export async function readInput({ io }: Context, file: string, maxBytes: number): Promise<Uint8Array> {
  const bytes =
    file === "-"
      ? await collect(io.stdin.stream, maxBytes)
      : await findNamedFile(resolve(io.cwd, file), { maxBytes, signal: io.signal });
  if (bytes === undefined) throw new UsageError(`there is no file ${file}`);
  const encoding = findForeignEncoding(bytes);
  if (encoding === undefined) return bytes;
  throw new UsageError(
    `${file === "-" ? "stdin" : file} is ${encoding}; wanted plain UTF-8`,
    "PowerShell's > changes what it writes: use --output, or copy the file itself",
  );
}

/**
 * A root.json, or a chain of roots, that was named on the command line. A file without a root is refused here, with its name.
 * @throws UsageError if there is no such file; TufError, FileError
 */
export async function readRootFile(context: Context, file: string): Promise<Uint8Array> {
  const bytes = await readInput(context, file, rootFileMaxBytes);
  verifyRootFile(bytes, file);
  return bytes;
}

/** A chain of roots is a list: it is parsed by those who walk it. @throws TufError */
export function verifyRootFile(bytes: Uint8Array, file: string): void {
  if (/^\s*\[/.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"))) return;
  try {
    parseUnverified(bytes, "root");
  } catch (error) {
    throw TufError.is(error) ? withPlace(error, file === "-" ? "stdin" : file) : error;
  }
}

/**
 * The paths of files that a command reads more than once. `-` is stdin, in a file that goes away when the work ends.
 * @throws UsageError if one is not there, or several of them are `-`; FileError
 */
export async function withInputFiles<Result>(
  { io }: Context,
  files: readonly string[],
  work: (paths: readonly string[]) => Promise<Result>,
): Promise<Result> {
  for (const file of files) if (file !== "-") await verifyIsThere(io, file);
  const paths = files.map((file) => resolve(io.cwd, file));
  if (!files.includes("-")) return work(paths);
  if (files.indexOf("-") !== files.lastIndexOf("-")) throw new UsageError("only one of the files can be -: stdin");
  const directory = await mkdtemp(join(tmpdir(), "dtuf-stdin-"));
  try {
    const path = join(directory, "stdin");
    const file = await createAtomicFile(path);
    for await (const chunk of io.stdin.stream) {
      io.signal.throwIfAborted();
      await file.write(chunk);
    }
    await file.commit();
    return await work(paths.with(files.indexOf("-"), path));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A mistyped name is a usage error of every command. @throws UsageError */
export async function verifyIsThere({ cwd }: Pick<Io, "cwd">, file: string): Promise<void> {
  try {
    await stat(resolve(cwd, file));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) throw new UsageError(`there is no file ${file}`);
  }
}
