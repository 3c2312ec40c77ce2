/**
 * Makes unsigned documents from the published ones, the requested changes and one instant. Pure: versions, lengths,
 * SHA-256 and expiry are decided only here. Everything else is carried over: unknown fields, delegations, and every
 * line of the snapshot, so that a release on top of another publisher's never drops one of its roles.
 */
import { tufHashes } from "@dtuf/format";
import { digestOf } from "@dtuf/registry";
import {
  keyIdOf,
  specVersion,
  topLevelRoles,
  type Key,
  type KeyFamily,
  type KeyId,
  type MetaFile,
  type Role,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
  type TopLevelRole,
} from "@dtuf/tuf";
import type { ReleaseVersions } from "../contract/contract.ts";

/** The default lifetimes of the Python dtuf. */
export const defaultLifetimesMs: Readonly<Record<TopLevelRole, number>> = {
  root: 31_556_900_000,
  targets: 7_889_230_000,
  snapshot: 604_800_000,
  timestamp: 86_400_000,
};

/** Lifetime of a record of a push: longer than the snapshot's, because another machine renews the snapshot with it. */
export const defaultRecordLifetimeMs: number = 14 * 86_400_000;

export interface Instant {
  readonly now: Date;
  readonly lifetimesMs: Readonly<Record<TopLevelRole, number>>;
}

/** TUF times have whole seconds; the expiry is rounded down. */
export function expiryOf(role: TopLevelRole, { now, lifetimesMs }: Instant): Date {
  return new Date(Math.floor((now.getTime() + lifetimesMs[role]) / 1000) * 1000);
}

/** The new values of a document; everything else comes from its predecessor. */
export interface Edition {
  readonly version: number;
  readonly expires: Date;
}

export interface RootKeys {
  readonly keys: Readonly<Record<TopLevelRole, Key>>;
  /** In addition to the families that the previous root requires. */
  readonly requireFamilies: readonly KeyFamily[];
  /** Keys of other holders, which stay. */
  readonly others?: ReadonlyMap<TopLevelRole, ReadonlyMap<KeyId, Key>> | undefined;
}

export function planRoot(
  previous: Root | undefined,
  { keys, requireFamilies, others = new Map() }: RootKeys,
  edition: Edition,
): Root {
  const keysOf = (name: TopLevelRole): ReadonlyMap<KeyId, Key> =>
    new Map([[keyIdOf(keys[name]), keys[name]], ...(others.get(name) ?? [])]);
  const role = (name: TopLevelRole): Role => {
    const before = previous?.roles[name];
    const keyIds = [...keysOf(name).keys()];
    const families = new Map([...requireFamilies.map((family) => [family, 1] as const), ...(before?.families ?? [])]);
    return {
      keyIds,
      threshold: others.get(name) === undefined ? 1 : Math.min(before?.threshold ?? 1, keyIds.length),
      ...(families.size === 0 ? {} : { families }),
      unrecognized: before?.unrecognized ?? {},
    };
  };
  return {
    type: "root",
    specVersion,
    unrecognized: previous?.unrecognized ?? {},
    ...edition,
    consistentSnapshot: true,
    keys: new Map(topLevelRoles.flatMap((name) => [...keysOf(name)])),
    roles: { root: role("root"), timestamp: role("timestamp"), snapshot: role("snapshot"), targets: role("targets") },
  };
}

export function planTargets(
  previous: Targets | undefined,
  content: Pick<Targets, "targets" | "delegations">,
  edition: Edition,
): Targets {
  return { type: "targets", unrecognized: {}, ...previous, specVersion, ...edition, ...content };
}

/** @param changed signed files by their name in the snapshot, such as `targets.json` */
export function planSnapshot(
  previous: Snapshot | undefined,
  changed: ReadonlyMap<string, SignedFile>,
  edition: Edition,
): Snapshot {
  const meta = new Map(previous?.meta);
  for (const [name, file] of changed) meta.set(name, describeFile(file, meta.get(name)));
  return { type: "snapshot", unrecognized: {}, ...previous, specVersion, ...edition, meta };
}

export function planTimestamp(previous: Timestamp | undefined, snapshot: SignedFile, edition: Edition): Timestamp {
  return {
    type: "timestamp",
    unrecognized: {},
    ...previous,
    specVersion,
    ...edition,
    snapshot: describeFile(snapshot, previous?.snapshot),
  };
}

export interface SignedFile {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Length and SHA-256, so that a client bounds its read and fetches by digest. */
function describeFile({ version, bytes }: SignedFile, previous: MetaFile | undefined): MetaFile {
  return {
    version,
    length: bytes.length,
    hashes: tufHashes(digestOf(bytes)),
    unrecognized: previous?.unrecognized ?? {},
  };
}

/**
 * Versions above everything published and everything ever signed here, so that no version number is used for two
 * documents.
 */
export function nextVersions(
  published: ReleaseVersions,
  signed: Readonly<Record<"timestamp" | "snapshot" | "targets", number>>,
): ReleaseVersions {
  return {
    root: published.root + 1,
    timestamp: Math.max(published.timestamp, signed.timestamp) + 1,
    snapshot: Math.max(published.snapshot, signed.snapshot) + 1,
    targets: Math.max(published.targets, signed.targets) + 1,
  };
}
