import { OciError } from "@dtuf/registry";
import { TufError, withPlace } from "@dtuf/tuf";
import type { MetadataFile, MetadataView, TargetInfo } from "../sources/source.ts";

/**
 * Runs a step that verifies a file of the view. Adds the location of the file to a TufError, because a chain of roots has
 * many files and a refresh many sources. Code and details do not change.
 * @throws TufError; any other error of `step`
 */
export function withFileInError<T>(view: MetadataView, file: MetadataFile, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const place = view.describe?.(file);
    if (!TufError.is(error) || place === undefined) throw error;
    throw withPlace(error, place);
  }
}

/**
 * Adds the target's path to an error of wrong content, because a call may fetch many targets and such an error has digests
 * alone. The code does not change.
 */
export function withTargetInError(error: unknown, { path }: TargetInfo): unknown {
  const place = `target ${JSON.stringify(path)}`;
  if (TufError.is(error)) return withPlace(error, place);
  const isWrong = OciError.is(error) && (error.code === "OCI_DIGEST_MISMATCH" || error.code === "OCI_SIZE_MISMATCH");
  if (!isWrong) return error;
  return new OciError(error.code, `${error.message} (${place})`, {
    details: { ...error.details, target: path },
    cause: error,
  });
}
