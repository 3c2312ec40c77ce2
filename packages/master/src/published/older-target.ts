/** An older version of a target, in a release that the registry still has. It is not verified: a patch is made from it alone. */
import { metadataFileName } from "@dtuf/format";
import { defaultLimits, isTopLevelRole, parseUnverified, type TargetFile, type TargetPath } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { olderRolesMax } from "../limits.ts";
import { findRelease, readRoleFiles, readShownSnapshot, rolesOf } from "./history.ts";
import { readPublished } from "./published.ts";
import type { Operation } from "../state/operation.ts";

/** Returns undefined if no role of the release lists the target. @throws MasterError MASTER_RELEASE_UNKNOWN; OciError */
export async function findOlderTarget(
  operation: Operation,
  version: number,
  path: TargetPath,
): Promise<TargetFile | undefined> {
  const release = await findRelease(operation, version);
  if (release === undefined) {
    throw new MasterError("MASTER_RELEASE_UNKNOWN", `release.${version} is not in the registry`, {
      details: { version },
    });
  }
  const roles = [...rolesOf(await readShownSnapshot(operation, release))].slice(0, olderRolesMax);
  const inOrder = roles.toSorted(([a], [b]) => Number(isTopLevelRole(b)) - Number(isTopLevelRole(a)));
  for (const [role, number] of inOrder) {
    const files = isTopLevelRole(role) ? release.files : await readRoleFiles(operation, role, number);
    const file = { name: metadataFileName(role, number), maxBytes: defaultLimits.targetsMaxBytes };
    const found = parseUnverified(await readPublished(operation, { files }, file), "targets").targets.get(path);
    if (found !== undefined) return found;
  }
  return undefined;
}
