/** Makes new versions of documents that are due, unsigned and otherwise as they are published. */
import { parseRoleName, signedSha256, type TopLevelRole } from "@dtuf/tuf";
import { dueRoles, termsOf, type PeriodSources } from "../documents/periods.ts";
import { expiryOf, nextVersions, planTargets } from "../documents/plan.ts";
import { versionsOf, type Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import { asFile, draftOf, openRole, type VersionFloor } from "./draft.ts";
import type { FoundFile } from "./rules/place-files.ts";

interface Wanted {
  /** A delegated role; undefined: root and targets. */
  readonly role: string | undefined;
  readonly floor: VersionFloor;
}

/** @throws MasterError MASTER_ROLE_UNKNOWN */
export function draftDue(operation: Operation, base: Base, { role, floor }: Wanted): Promise<readonly FoundFile[]> {
  return role === undefined ? draftDueTopLevel(operation, base, floor) : draftDueRole(operation, base, { role, floor });
}

/** Root and targets, each if it is due and a key of the role is here. Targets with hash bins is signed with its bins, by a publication. */
async function draftDueTopLevel(operation: Operation, base: Base, floor: VersionFloor): Promise<readonly FoundFile[]> {
  const [root, targets] = [base.root.signed, base.targets.signed];
  const versions = nextVersions(versionsOf(base), operation.state().signed);
  const drafts: FoundFile[] = [];
  const isWanted = async (role: "root" | "targets"): Promise<boolean> =>
    isDue(operation, base[role].signed.expires, { role, sources: { root, targets } }) &&
    (await operation.ring.keyIdsHere(role, root)).size > 0;
  if (await isWanted("root")) {
    const expires = expiryOf("root", termsOf(operation, { root }));
    const follows = signedSha256(base.root.bytes);
    drafts.push(asFile(await draftOf("root", { ...root, version: versions.root, expires }, follows)));
  }
  if (targets.delegations?.kind !== "succinct" && (await isWanted("targets"))) {
    const expires = expiryOf("targets", termsOf(operation, { targets }));
    const version = Math.max(versions.targets, floor("targets") + 1);
    const document = planTargets(targets, { targets: targets.targets }, { version, expires });
    drafts.push(asFile(await draftOf("targets", document, signedSha256(base.targets.bytes))));
  }
  return drafts;
}

async function draftDueRole(
  operation: Operation,
  base: Base,
  { role: name, floor }: Wanted & { readonly role: string },
): Promise<readonly FoundFile[]> {
  const role = parseRoleName(name);
  const { published } = await openRole(operation, base, role);
  if (published === undefined) return [];
  const targets = published.document;
  if (!isDue(operation, targets.expires, { role: "targets", sources: { targets } })) return [];
  const expires = expiryOf("targets", termsOf(operation, { targets }));
  const version = Math.max(targets.version, floor(role)) + 1;
  const document = planTargets(targets, { targets: targets.targets }, { version, expires });
  return [asFile(await draftOf(role, document, signedSha256(published.bytes)))];
}

interface Periodic {
  readonly role: TopLevelRole;
  readonly sources: PeriodSources;
}

function isDue(operation: Operation, expires: Date, { role, sources }: Periodic): boolean {
  return dueRoles([{ role, expires }], termsOf(operation, sources)).length > 0;
}
