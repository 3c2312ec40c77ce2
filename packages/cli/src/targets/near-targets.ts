/** The targets that somebody may have meant who named one that is not there. */
import { findNear } from "../context/text/near.ts";

const unknown: ReadonlySet<string> = new Set(["COPY_TARGET_UNKNOWN", "MASTER_TARGET_UNKNOWN"]);

interface Unknown extends Error {
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Adds `details.near` to an error of an unknown target.
 *
 * @param listNames the names that are on this machine: asked only if there is such an error, and no request is made for it
 */
export async function addNear(error: unknown, listNames: () => Promise<Iterable<string>>): Promise<void> {
  if (!isUnknownTarget(error)) return;
  const { path, target, name } = error.details;
  const word = [path, target, name].find((each) => typeof each === "string");
  if (word === undefined) return;
  const near = findNear(word, await namesOf(listNames));
  if (near.length > 0) Object.defineProperty(error, "details", { value: { ...error.details, near }, enumerable: true });
}

function isUnknownTarget(error: unknown): error is Unknown {
  return error instanceof Error && "code" in error && unknown.has(String(error.code)) && "details" in error;
}

/** A state that cannot be read has no names to offer; the first error is the one that is reported. */
async function namesOf(listNames: () => Promise<Iterable<string>>): Promise<Iterable<string>> {
  try {
    return await listNames();
  } catch {
    return [];
  }
}
