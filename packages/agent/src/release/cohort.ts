/** Whether a machine is among the first p percent that get a release. */
import { createHash } from "node:crypto";

/** A number from 0 to below 100, evenly spread over install ids. The same seed and id always give the same number. */
export function cohortOf(seed: string, installId: string): number {
  const hash = createHash("sha256").update(seed).update("\0").update(installId).digest();
  return (hash.readUInt32BE(0) / 2 ** 32) * 100;
}

/** Once true for a percentage, it is true for each larger one. */
export function isInRollout(
  { seed, rollout }: { readonly seed: string; readonly rollout: number },
  id: string,
): boolean {
  return cohortOf(seed, id) < rollout;
}
