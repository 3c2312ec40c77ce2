/** Makes new versions of documents that are due, unsigned and otherwise as they are published. */
import { parseRoleName, signedSha256, type Targets, type TopLevelRole } from "@dtuf/tuf";
import type { BinParent } from "../bins/plan-bins.ts";
import { dueRoles, termsOf, type PeriodSources } from "../documents/periods.ts";
import { expiryOf, nextVersions, planTargets } from "../documents/plan.ts";
import { versionsOf, type Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import { draftBins } from "./rules/draft-bins.ts";
import { asFile, draftOf, openRole, parentOf, topLevelParent, withParent, type VersionFloor } from "./draft.ts";
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

/** Root and targets, each if it is due and a key of the role is here. */
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
  if (!(await isWanted("targets"))) return drafts;
  const expires = expiryOf("targets", termsOf(operation, { targets }));
  const version = Math.max(versions.targets, floor("targets") + 1);
  const document = planTargets(targets, { targets: targets.targets }, { version, expires });
  const published = { document: targets, bytes: base.targets.bytes };
  const renewed = await renew(operation, topLevelParent(base, root), { published, document, floor });
  return [...drafts, ...renewed];
}

interface Renewed {
  readonly published: { readonly document: Targets; readonly bytes: Uint8Array };
  readonly document: Targets;
  readonly floor: VersionFloor;
}

/** A role's new version. Its hash bins are signed again with it, so that none of them expires before it. */
async function renew(
  operation: Operation,
  parent: BinParent,
  { published, document, floor }: Renewed,
): Promise<readonly FoundFile[]> {
  const change = { staged: new Map(), bins: undefined, keys: [], unrecognized: document.unrecognized };
  const binned =
    document.delegations?.kind === "succinct"
      ? await draftBins(operation, parent, { change, floor, when: "due" })
      : undefined;
  if (binned !== undefined) return (await withParent(binned, parent, document)).map(asFile);
  return [asFile(await draftOf(parent.name, document, signedSha256(published.bytes)))];
}

async function draftDueRole(
  operation: Operation,
  base: Base,
  { role: name, floor }: Wanted & { readonly role: string },
): Promise<readonly FoundFile[]> {
  const role = parseRoleName(name);
  const opened = await openRole(operation, base, role);
  const { published } = opened;
  if (published === undefined) return [];
  const targets = published.document;
  if (!isDue(operation, targets.expires, { role: "targets", sources: { targets } })) return [];
  const expires = expiryOf("targets", termsOf(operation, { targets }));
  const version = Math.max(targets.version, floor(role)) + 1;
  const document = planTargets(targets, { targets: targets.targets }, { version, expires });
  return renew(operation, parentOf(base, opened), { published, document, floor });
}

interface Periodic {
  readonly role: TopLevelRole;
  readonly sources: PeriodSources;
}

function isDue(operation: Operation, expires: Date, { role, sources }: Periodic): boolean {
  return dueRoles([{ role, expires }], termsOf(operation, sources)).length > 0;
}
