/** An archive of any kind into a directory. What it is, its first bytes say; that it is the signed one was verified before. */
import { fileError } from "@dtuf/registry/files";
import { AgentError } from "../../errors.ts";
import type { VerifiedFile } from "../verified-file.ts";
import { archiveInvalid, type UnpackLimits } from "./entry-rule.ts";
import { unpackTar } from "./unpack-tar.ts";
import { unpackZip } from "./unpack-zip.ts";
import { createUnpackedFiles } from "./unpacked-files.ts";

const startBytes = 4;
/** A zip with entries, and one without. */
const zipStarts = new Set(["504b0304", "504b0506"]);

/**
 * @param directory exists and is empty
 * @throws AgentError AGENT_ARCHIVE_INVALID, AGENT_STAGED_DIFFERS, AGENT_UNSUPPORTED; FileError; the signal's reason
 */
export async function unpackArchive(
  archive: VerifiedFile,
  directory: string,
  limits: UnpackLimits = {},
): Promise<void> {
  const files = createUnpackedFiles(directory);
  try {
    const start = await readStart(archive);
    if (zipStarts.has(start)) await unpackZip(archive, files, limits);
    else await unpackTar({ start, bytes: archive.read(0, archive.size) }, files, limits);
    await files.finish();
  } catch (error) {
    throw readable(error);
  }
}

async function readStart(archive: VerifiedFile): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive.read(0, Math.min(startBytes, archive.size))) chunks.push(chunk);
  return Buffer.concat(chunks).toString("hex");
}

/** The parsers' own errors become AGENT_ARCHIVE_INVALID; others stay. */
function readable(error: unknown): unknown {
  if (AgentError.is(error) || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  const isParsers = code === "" ? error.constructor === Error : /^(?:Z_|ZSTD_|ERR_|STREAM_)/.test(code);
  return isParsers ? archiveInvalid(`it cannot be read: ${error.message}`, error) : fileError(error, "the archive");
}
