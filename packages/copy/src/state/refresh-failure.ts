/**
 * The last refresh, or fetch of a target, that failed, in its own file, `failure.json`. It is only for display: no decision
 * depends on it, and a damaged file counts as missing.
 */
import { join } from "node:path";
import { createDirectory, FileError, findFile } from "@dtuf/registry/files";
import { failureMaxBytes } from "../limits.ts";
import { writeStateFile } from "./write-state-file.ts";

export interface RefreshFailure {
  readonly at: Date;
  /** Code of the error, such as `OCI_UNAVAILABLE` or `TUF_EXPIRED`. */
  readonly code: string;
  /** May contain text from the source: escape it before you show it. */
  readonly message: string;
  /** Names of the sites that were asked. */
  readonly sources: readonly string[];
}

const messageMost = 2000;

export async function findFailure(directory: string): Promise<RefreshFailure | undefined> {
  try {
    const bytes = await findFile(join(directory, fileName), { maxBytes: failureMaxBytes });
    return bytes === undefined ? undefined : parseFailure(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    if (FileError.is(error)) return undefined;
    throw error;
  }
}

/** @throws FileError */
export async function saveFailure(directory: string, { message, ...failure }: RefreshFailure): Promise<void> {
  await createDirectory(directory, { mode: 0o700 });
  const text = JSON.stringify({ ...failure, message: message.slice(0, messageMost) });
  await writeStateFile(join(directory, fileName), text, { mode: 0o600 });
}

const fileName = "failure.json";

function parseFailure(text: string): RefreshFailure | undefined {
  try {
    const { at, code, message, sources } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const date = new Date(String(at));
    if (Number.isNaN(date.getTime()) || typeof code !== "string" || typeof message !== "string") return undefined;
    return { at: date, code, message, sources: Array.isArray(sources) ? sources.map(String) : [] };
  } catch {
    return undefined;
  }
}
