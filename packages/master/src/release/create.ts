/** How a publisher's metadata begins, here or from what is published, and how its keys change. */
import {
  signDocument,
  topLevelRoles,
  type Key,
  type KeyFamily,
  type Root,
  type Signer,
  type TopLevelRole,
} from "@dtuf/tuf";
import { openRecorded, openUnrecorded } from "../published/base.ts";
import type { AdoptResult, CreatedKey, Master } from "../contract.ts";
import type { KeyType } from "../options.ts";
import { verifyClock } from "./client-view.ts";
import { readDelegated } from "./delegated-expiry.ts";
import { MasterError } from "../errors.ts";
import { namesSnapshot, verifyPlausible, verifyUnexpired, verifyWanted } from "./open-base.ts";
import { expiryOf, planRoot, planSnapshot, planTargets, planTimestamp, type SignedFile } from "../documents/plan.ts";
import { findPublished, latestDigest } from "../published/published.ts";
import { headFilesOf, saveHead, saveRoots } from "./record.ts";
import type { Session } from "../state/session.ts";
import { openNewestRoot } from "./sign.ts";

export async function createKeys(
  { keys }: Session,
  roles: readonly TopLevelRole[],
  keyType: KeyType,
): Promise<readonly CreatedKey[]> {
  const created: CreatedKey[] = [];
  for (const role of roles) created.push(await keys.create(role, keyType));
  return created;
}

/** The roles that have a current key file. */
export async function listKeys({ keys }: Session): Promise<readonly TopLevelRole[]> {
  const found = await Promise.all(topLevelRoles.map((role) => keys.list(role)));
  return topLevelRoles.filter((_role, at) => found[at]?.some(({ age }) => age === "current") === true);
}

interface Families {
  /** In addition to what the root before requires. */
  readonly requireFamilies: readonly KeyFamily[];
}

/** @throws MasterError MASTER_METADATA_EXISTS, MASTER_KEYS_MISSING, MASTER_PASSPHRASE_WRONG, … */
export async function createMetadata(
  session: Session,
  { existing, requireFamilies }: Families & { readonly existing: "refuse" | "replace" | "unchecked" },
): Promise<void> {
  refuseExisting(session);
  if (existing === "refuse") await refusePublished(session);
  const keys = { keys: await currentKeys(session), requireFamilies };
  const document = planRoot(undefined, keys, edition(session, "root", 1));
  const sign = async (
    role: TopLevelRole,
    bytesOf: (signers: readonly Signer[]) => Promise<Uint8Array>,
  ): Promise<SignedFile> => ({
    version: 1,
    bytes: await bytesOf(await session.ring.signersFor(role, document)),
  });
  const root = await sign("root", (signers) => signDocument(document, signers));
  const targets = await sign("targets", (signers) =>
    signDocument(planTargets(undefined, { targets: new Map() }, edition(session, "targets", 1)), signers),
  );
  const listed = new Map([["targets.json", targets]]);
  const snapshot = await sign("snapshot", (signers) =>
    signDocument(planSnapshot(undefined, listed, edition(session, "snapshot", 1)), signers),
  );
  const timestamp = await sign("timestamp", (signers) =>
    signDocument(planTimestamp(undefined, snapshot, edition(session, "timestamp", 1)), signers),
  );
  await session.save({
    place: session.place,
    pin: 1,
    roots: await saveRoots(session, [root]),
    stagedRoots: [],
    head: await saveHead(session, { timestamp, snapshot, targets }),
    delegated: [],
    signed: { timestamp: 1, snapshot: 1, targets: 1 },
    generation: 1,
    staging: 1,
    prunes: 0,
  });
}

/** @throws MasterError MASTER_METADATA_EXISTS, MASTER_METADATA_UNAVAILABLE, MASTER_BASE_EXPIRED, MASTER_BASE_UNEXPECTED */
export async function adopt(
  session: Session,
  { root, expectSnapshot, record }: Parameters<Master["adopt"]>[0],
): Promise<AdoptResult> {
  refuseExisting(session);
  const published = await findPublished(session);
  if (published === undefined) {
    throw new MasterError("MASTER_METADATA_UNAVAILABLE", `nothing is published at ${session.place}`, {
      details: { place: session.place },
    });
  }
  const opened = await openUnrecorded(session, published, root);
  const base = verifyWanted(session, opened, { expectSnapshot, record });
  if (!namesSnapshot(expectSnapshot)) {
    verifyPlausible(base, undefined);
    if (base.pushRecord === undefined) verifyUnexpired(base, ["root", "timestamp", "snapshot", "targets"], session.now);
  }
  const { timestamp, snapshot, targets } = base;
  await session.keys.prepare();
  await session.save({
    place: session.place,
    pin: base.pin,
    roots: await saveRoots(session, base.roots),
    stagedRoots: [],
    head: await saveHead(session, headFilesOf(base)),
    delegated: await readDelegated(session, { targets: targets.signed, snapshot: snapshot.signed, files: [] }),
    published: base.release,
    pushRecord: base.pushRecord,
    signed: { timestamp: timestamp.signed.version, snapshot: snapshot.signed.version, targets: targets.signed.version },
    generation: 1,
    staging: 1,
    prunes: 0,
  });
  return { leftOut: opened.leftOut, keyDirectory: session.keys.path };
}

/**
 * Signs a root with the keys that lie in `keys/` now. It is staged; `pushMetadata` publishes it.
 * @throws MasterError MASTER_OLD_ROOT_KEY_MISSING, MASTER_KEYS_MISSING, MASTER_CLOCK_SUSPECT
 */
export async function resetKeys(
  session: Session,
  { replace, requireFamilies }: Families & { readonly replace: boolean },
): Promise<void> {
  verifyClock(session);
  const { root: previous } = await openNewestRoot(session, await openRecorded(session, undefined));
  const version = previous.version + 1;
  const keys = { keys: await currentKeys(session), requireFamilies };
  const document = planRoot(previous, keys, edition(session, "root", version));
  const old = await session.ring.findSigners("root", previous);
  const follows = old.length >= previous.roles.root.threshold;
  if (!follows && !replace) throw oldKeyMissing(previous, old.length);
  const signers = [...(await session.ring.signersFor("root", document)), ...(follows ? old : [])];
  const file = await session.files.saveMetadata(version, await signDocument(document, signers));
  const state = session.state();
  await session.save({
    ...state,
    stagedRoots: [...state.stagedRoots, file],
    ...(follows ? {} : { stagedPin: version }),
  });
}

function oldKeyMissing(previous: Root, got: number): MasterError {
  const { threshold, keyIds } = previous.roles.root;
  return new MasterError(
    "MASTER_OLD_ROOT_KEY_MISSING",
    `the old root key is not here (${got} of ${threshold} found): clients could not follow and would have to pin again`,
    { details: { wanted: threshold, got, keyIds } },
  );
}

/** The public halves of the keys that lie in `keys/`. @throws MasterError MASTER_KEYS_MISSING */
async function currentKeys({ keys }: Session): Promise<Readonly<Record<TopLevelRole, Key>>> {
  const find = async (role: TopLevelRole): Promise<Key> => {
    const file = (await keys.list(role)).find(({ age }) => age === "current");
    const key = file === undefined ? undefined : await keys.findPublicKey(file);
    if (key !== undefined) return key;
    throw new MasterError("MASTER_KEYS_MISSING", `there is no ${role} key`, { details: { role } });
  };
  const [root, timestamp, snapshot, targets] = [
    await find("root"),
    await find("timestamp"),
    await find("snapshot"),
    await find("targets"),
  ];
  return { root, timestamp, snapshot, targets };
}

function refuseExisting({ record, place }: Session): void {
  if (record === undefined) return;
  throw new MasterError("MASTER_METADATA_EXISTS", `there is metadata for ${place} already`, { details: { place } });
}

async function refusePublished(session: Session): Promise<void> {
  const { place } = session;
  const published = await latestDigest(session);
  if (published === undefined) return;
  throw new MasterError("MASTER_METADATA_EXISTS", `${place} is published already: ${published}`, {
    details: { place, published },
  });
}

function edition(session: Session, role: TopLevelRole, version: number): { version: number; expires: Date } {
  return { version, expires: expiryOf(role, session) };
}
