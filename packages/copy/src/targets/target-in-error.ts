import { OciError } from "@dtuf/registry";
import { TufError, withPlace } from "@dtuf/tuf";
import type { TargetInfo } from "../sources/source.ts";

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
