/**
 * Why the last refresh that failed did so, in a file of its own, `failure.json`. It is for people: nothing is decided by it,
 * and what cannot be read of it is as good as absent.
 */
import { join } from "node:path";
import { createDirectory, FileError, findFile } from "@dtuf/registry/files";
import { failureMaxBytes } from "../limits.ts";
import { writeStateFile } from "./write-state-file.ts";

export interface RefreshFailure {
  readonly at: Date;
  /** Of the error: `OCI_UNAVAILABLE`, `TUF_EXPIRED` and so on. */
  readonly code: string;
  /** Holds text that came from the source: escape it before it is shown. */
  readonly message: string;
  /** The places that were asked. */
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
