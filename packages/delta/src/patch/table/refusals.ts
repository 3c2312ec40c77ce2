/** Why a patch table is refused. */
import { DeltaError } from "../../errors.ts";

export function unknown(what: string, got: number): DeltaError {
  return new DeltaError("DELTA_PATCH_VERSION", `the patch has a ${what} that this program does not know: ${got}`, {
    got,
  });
}

export function invalid(what: string, got?: number): DeltaError {
  const details = got === undefined ? {} : { got };
  return new DeltaError("DELTA_PATCH_INVALID", `not a table of this patch: ${what}`, details);
}
