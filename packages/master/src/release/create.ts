/** Creates a publisher's metadata, adopts published metadata, and changes keys. */
import {
  keyMaterial,
  signDocument,
  topLevelRoles,
  type Key,
  type KeyFamily,
  type KeyId,
  type Root,
  type Signer,
  type TopLevelRole,
} from "@dtuf/tuf";
import { openRecorded, openUnrecorded } from "../published/base.ts";
import type { AdoptResult, CreatedKey, Master } from "../contract/contract.ts";
import type { KeyType } from "../options.ts";
import { verifyClock } from "./client-view.ts";
import { readDelegated } from "./delegated-expiry.ts";
import { MasterError } from "../errors.ts";
import { namesSnapshot, verifyPlausible, verifyUnexpired, verifyWanted } from "./open-base.ts";
import {
  expiryOf,
  planRoot,
  planSnapshot,
  planTargets,
  planTimestamp,
  type RootKeys,
  type SignedFile,
} from "../documents/plan.ts";
import { isOfTeam } from "../documents/key-owner.ts";
import { materials } from "../keys/key-ring.ts";
import { findPublished, latestDigest } from "../published/published.ts";
import { headFilesOf, saveHead, saveRoots } from "./record.ts";
import type { Operation } from "../state/operation.ts";
import { termsOf } from "../documents/periods.ts";
import { openNewestRoot } from "./sign.ts";

export async function createKeys(
  { keys }: Operation,
  roles: readonly TopLevelRole[],
  keyType: KeyType,
): Promise<readonly CreatedKey[]> {
  const created: CreatedKey[] = [];
  for (const role of roles) created.push(await keys.create(role, keyType));
  return created;
}

/** The roles that have a current key file. */
export async function listKeys({ keys }: Operation): Promise<readonly TopLevelRole[]> {
  const found = await Promise.all(topLevelRoles.map((role) => keys.list(role)));
  return topLevelRoles.filter((_role, at) => found[at]?.some(({ age }) => age === "current") === true);
}

interface Families {
  /** In addition to the families that the previous root requires. */
  readonly requireFamilies: readonly KeyFamily[];
}

/** @throws MasterError MASTER_METADATA_EXISTS, MASTER_KEYS_MISSING, MASTER_PASSPHRASE_WRONG, … */
export async function createMetadata(
  operation: Operation,
  { existing, requireFamilies }: Families & { readonly existing: "refuse" | "replace" | "unchecked" },
): Promise<void> {
  refuseExisting(operation);
  if (existing === "refuse") await refusePublished(operation);
  const keys = { keys: await currentKeys(operation), requireFamilies };
  const document = planRoot(undefined, keys, edition(operation, "root", 1));
  const sign = async (
    role: TopLevelRole,
    bytesOf: (signers: readonly Signer[]) => Promise<Uint8Array>,
  ): Promise<SignedFile> => ({
    version: 1,
    bytes: await bytesOf(await operation.ring.signersFor(role, document)),
  });
  const root = await sign("root", (signers) => signDocument(document, signers));
  const targets = await sign("targets", (signers) =>
    signDocument(planTargets(undefined, { targets: new Map() }, edition(operation, "targets", 1)), signers),
  );
  const listed = new Map([["targets.json", targets]]);
  const snapshot = await sign("snapshot", (signers) =>
    signDocument(planSnapshot(undefined, listed, edition(operation, "snapshot", 1)), signers),
  );
  const timestamp = await sign("timestamp", (signers) =>
    signDocument(planTimestamp(undefined, snapshot, edition(operation, "timestamp", 1)), signers),
  );
  await operation.save({
    place: operation.place,
    pin: 1,
    roots: await saveRoots(operation, [root]),
    stagedRoots: [],
    head: await saveHead(operation, { timestamp, snapshot, targets }),
    delegated: [],
    signed: { timestamp: 0, snapshot: 0, targets: 0 },
    generation: 1,
    staging: 1,
    prunes: 0,
  });
}

/** @throws MasterError MASTER_METADATA_EXISTS, MASTER_METADATA_UNAVAILABLE, MASTER_BASE_EXPIRED, MASTER_BASE_UNEXPECTED */
export async function adopt(
  operation: Operation,
  { root, expectSnapshot, record }: Parameters<Master["adopt"]>[0],
): Promise<AdoptResult> {
  refuseExisting(operation);
  const published = await findPublished(operation);
  if (published === undefined) {
    throw new MasterError("MASTER_METADATA_UNAVAILABLE", `nothing is published at ${operation.place}`, {
      details: { place: operation.place },
    });
  }
  const opened = await openUnrecorded(operation, published, root);
  const base = verifyWanted(operation, opened, { expectSnapshot, record });
  if (!namesSnapshot(expectSnapshot)) {
    verifyPlausible(base, undefined);
    if (base.pushRecord === undefined)
      verifyUnexpired(base, ["root", "timestamp", "snapshot", "targets"], operation.now);
  }
  const { timestamp, snapshot, targets } = base;
  await operation.keys.prepare();
  await operation.save({
    place: operation.place,
    pin: base.pin,
    roots: await saveRoots(operation, base.roots),
    stagedRoots: [],
    head: await saveHead(operation, headFilesOf(base)),
    delegated: await readDelegated(operation, { targets: targets.signed, snapshot: snapshot.signed, files: [] }),
    published: base.release,
    pushRecord: base.pushRecord,
    signed: { timestamp: timestamp.signed.version, snapshot: snapshot.signed.version, targets: targets.signed.version },
    generation: 1,
    staging: 1,
    prunes: 0,
  });
  return { leftOut: opened.leftOut, keyDirectory: operation.keys.path };
}

/**
 * Signs a root with the keys that lie in `keys/` now. It is staged; `pushMetadata` publishes it.
 * @throws MasterError MASTER_OLD_ROOT_KEY_MISSING, MASTER_KEYS_MISSING, MASTER_CLOCK_SUSPECT
 */
export async function resetKeys(
  operation: Operation,
  { replace, requireFamilies }: Families & { readonly replace: boolean },
): Promise<void> {
  verifyClock(operation);
  const { root: previous } = await openNewestRoot(operation, await openRecorded(operation, undefined));
  const version = previous.version + 1;
  const others = replace ? undefined : await keysOfOthers(operation, previous);
  const keys = { keys: await currentKeys(operation, isOfTeam(previous)), requireFamilies, others };
  const document = planRoot(previous, keys, {
    version,
    expires: expiryOf("root", termsOf(operation, { root: previous })),
  });
  const old = await operation.ring.findSigners("root", previous);
  const follows = old.length >= previous.roles.root.threshold;
  if (!follows && !replace) throw oldKeyMissing(previous, old.length);
  const signers = [...(await operation.ring.signersFor("root", document)), ...(follows ? old : [])];
  const file = await operation.files.saveMetadata(version, await signDocument(document, signers));
  const state = operation.state();
  await operation.save({
    ...state,
    stagedRoots: [...state.stagedRoots, file],
    ...(follows ? {} : { stagedPin: version }),
  });
}

/**
 * Of the roles with several keys, those that are neither current here nor set aside here: their holders have not
 * changed them.
 */
async function keysOfOthers({ keys }: Operation, { keys: known, roles }: Root): Promise<RootKeys["others"]> {
  const others = new Map<TopLevelRole, ReadonlyMap<KeyId, Key>>();
  for (const name of topLevelRoles.filter((each) => roles[each].keyIds.length > 1)) {
    const files = await Promise.all((await keys.list(name)).map((file) => keys.findPublicKey(file)));
    const own = new Set(files.map((key) => (key === undefined ? undefined : keyMaterial(key))));
    const rest = [...materials({ keys: known, role: roles[name] })].filter(([material]) => !own.has(material));
    others.set(name, new Map(rest.flatMap(([, id]) => entryOf(known, id))));
  }
  return others;
}

function entryOf(keys: Root["keys"], id: KeyId): readonly (readonly [KeyId, Key])[] {
  const key = keys.get(id);
  return key === undefined ? [] : [[id, key]];
}

function oldKeyMissing(previous: Root, got: number): MasterError {
  const { threshold, keyIds } = previous.roles.root;
  return new MasterError(
    "MASTER_OLD_ROOT_KEY_MISSING",
    `the old root key is missing (${got} of ${threshold} found): clients could not follow and would have to pin again`,
    { details: { wanted: threshold, got, keyIds, ...(isOfTeam(previous) ? { signers: "several" } : {}) } },
  );
}

/** The public halves of the keys in `keys/`. @throws MasterError MASTER_KEYS_MISSING */
async function currentKeys({ keys, record }: Operation, isTeam = false): Promise<Readonly<Record<TopLevelRole, Key>>> {
  const find = async (role: TopLevelRole): Promise<Key | undefined> => {
    const file = (await keys.list(role)).find(({ age }) => age === "current");
    return file === undefined ? undefined : keys.findPublicKey(file);
  };
  const root = await find("root");
  const timestamp = await find("timestamp");
  const snapshot = await find("snapshot");
  const targets = await find("targets");
  if (root !== undefined && timestamp !== undefined && snapshot !== undefined && targets !== undefined) {
    return { root, timestamp, snapshot, targets };
  }
  const found = { root, timestamp, snapshot, targets };
  const missing = topLevelRoles.filter((role) => found[role] === undefined);
  throw new MasterError("MASTER_KEYS_MISSING", `there is no ${missing.join(", ")} key in ${keys.path}`, {
    details: {
      role: missing[0] ?? "root",
      missing,
      directory: keys.path,
      metadata: record === undefined ? "none" : "exists",
      ...(isTeam ? { signers: "several" } : {}),
    },
  });
}

function refuseExisting({ record, place }: Operation): void {
  if (record === undefined) return;
  throw new MasterError("MASTER_METADATA_EXISTS", `metadata of ${place} exists already`, { details: { place } });
}

async function refusePublished(operation: Operation): Promise<void> {
  const { place } = operation;
  const published = await latestDigest(operation, "none");
  if (published === undefined) return;
  throw new MasterError("MASTER_METADATA_EXISTS", `${place} is published already: ${published}`, {
    details: { place, published },
  });
}

function edition(operation: Operation, role: TopLevelRole, version: number): { version: number; expires: Date } {
  return { version, expires: expiryOf(role, operation) };
}
