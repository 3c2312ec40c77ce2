import { resolve } from "node:path";
import type { ArchiveOptions, ImageReference } from "@dtuf/mirror";
import type { Io } from "../context/io.ts";
import type { Context } from "../context/command.ts";
import { verifyIsThere } from "../context/input-file.ts";
import { UsageError } from "../context/usage.ts";
import { findStat } from "../context/settings/find-stat.ts";

/**
 * @param stdout "free": nothing else is written there, so that an archive can be
 * @throws UsageError for an archive that is to be written and is, or is written as, a directory
 */
export async function verifyArchive(
  { io, terminal }: Context,
  place: ImageReference | undefined,
  stdout: "free" | "taken",
): Promise<void> {
  if (place?.transport !== "oci-archive") return;
  const { text } = place;
  if (text === "-" && (stdout === "taken" || terminal.format === "json")) {
    throw new UsageError("an archive on stdout would be mixed with what is printed there", "name a file");
  }
  const isDirectory = /[/\\]$/.test(text) || (await findStat(resolve(io.cwd, text)))?.isDirectory();
  if (isDirectory === true)
    throw new UsageError(`${text} is a directory, and an archive is one file`, "name a file in it");
}

interface ArchiveInput {
  readonly name: string;
  readonly options: ArchiveOptions;
}

/** What `openArchive` is given for an archive that people named; `-` is stdin. @throws UsageError if it is not there */
export async function archiveInput(io: Io, text: string): Promise<ArchiveInput> {
  const { cwd, signal, stdin } = io;
  if (text === "-") return { name: "stdin", options: { signal, content: stdin.stream } };
  await verifyIsThere(io, text);
  return { name: resolve(cwd, text), options: { signal } };
}
