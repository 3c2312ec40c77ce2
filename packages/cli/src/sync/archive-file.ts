import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Place } from "@dtuf/mirror";
import type { Context } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";

/** @throws UsageError for an archive that is to be written and is, or is written as, a directory */
export async function verifyArchive({ io }: Context, place: Place | undefined): Promise<void> {
  if (place?.transport !== "oci-archive") return;
  const { text } = place;
  const isDirectory = /[/\\]$/.test(text) || (await stat(resolve(io.cwd, text)).catch(() => undefined))?.isDirectory();
  if (isDirectory === true)
    throw new UsageError(`${text} is a directory, and an archive is one file`, "name a file in it");
}
