/**
 * A TUF repository in memory that signs real metadata on demand. Change a document, then publish it:
 *
 *   const sim = await createTufSimulator();
 *   sim.addTarget("a.txt", Buffer.from("hello"));
 *   await sim.publishRelease();                          // targets, delegated roles, snapshot, timestamp: each with the next version
 *   sim.root.version += 1;
 *   await sim.publishRoot();
 *
 * A single publishX signs the current document with all the role's signers, stores it in `files`, and enters it into
 * its parent document (targets into the snapshot, the snapshot into the timestamp), which has its own publish call.
 * Only `signDocument` verifies documents here; a test puts wrong files into `files` directly.
 */
import { createHash } from "node:crypto";
import { binNames, parseRoleName, parseTargetPath, signDocument, specVersion } from "@dtuf/tuf";
import type {
  DelegatedRole,
  Document,
  JsonObject,
  Key,
  KeyId,
  MetaFile,
  Role,
  Root,
  Signer,
  Snapshot,
  SuccinctRoles,
  TargetFile,
  Targets,
  Timestamp,
  TopLevelRole,
} from "@dtuf/tuf";
import { createTestSigner } from "../keys.ts";

/** The same fields, mutable. */
export type Draft<T> = T extends string | number | boolean | undefined | Date
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? Map<K, Draft<V>>
    : T extends readonly (infer I)[]
      ? Draft<I>[]
      : JsonObject extends T
        ? T
        : { -readonly [K in keyof T]: Draft<T[K]> };

export interface TufSimulatorOptions {
  /** The start of the documents' lifetime; they expire 30 days later unless changed. */
  readonly now?: Date;
  readonly consistentSnapshot?: boolean;
  /** Whether snapshot and timestamp carry lengths and hashes. */
  readonly metaHashes?: "hashes" | "versions-only";
}

export interface NewDelegation {
  readonly name: string;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
  readonly terminating?: boolean;
  /** Default: one new signer. */
  readonly signers?: readonly Signer[];
  readonly threshold?: number;
}

export interface TufSimulator {
  root: Draft<Root>;
  timestamp: Draft<Timestamp>;
  snapshot: Draft<Snapshot>;
  targets: Draft<Targets>;
  /** Delegated roles by name. */
  readonly delegates: Map<string, Draft<Targets>>;
  /** By role: the signers that sign it when it is published. */
  readonly signers: Map<string, Signer[]>;
  metaHashes: "hashes" | "versions-only";
  /** Published metadata by file name: `1.root.json`, `timestamp.json`, `2.snapshot.json`, `3.targets.json`, `1.<role>.json`. */
  readonly files: Map<string, Uint8Array>;
  /** Target bytes by path. */
  readonly targetFiles: Map<string, Uint8Array>;
  /** `N.<role>.json`, or `<role>.json` if the root says that snapshots are not consistent. */
  fileName(role: string, version: number): string;

  publishRoot(): Promise<Uint8Array>;
  publishTimestamp(): Promise<Uint8Array>;
  publishSnapshot(): Promise<Uint8Array>;
  publishTargets(): Promise<Uint8Array>;
  publishDelegated(name: string): Promise<Uint8Array>;
  /** Publishes all roles but the root in order, each with the next version. */
  publishRelease(): Promise<void>;

  addTarget(path: string, bytes: Uint8Array, more?: { readonly role?: string; readonly custom?: JsonObject }): void;
  /** Delegates and creates the role without targets. An existing role is kept. */
  addDelegation(delegator: string, delegation: NewDelegation): Draft<Targets>;
  /** Delegates to succinct hash bins and creates all of them, signed by one key. Returns their names. */
  addSuccinctRoles(delegator: string, bitLength: number, namePrefix: string): string[];
  /** Adds a signer to a top-level role (in the root) or a delegated role (in its delegator). */
  addSigner(role: string, signer: Signer, delegator?: string): void;
  /** Gives a top-level role new keys, as many as its threshold. For "root" the old keys sign the next publishRoot too. */
  rotateKeys(role: TopLevelRole): void;
}

type Core = Pick<
  TufSimulator,
  "root" | "timestamp" | "snapshot" | "targets" | "delegates" | "signers" | "metaHashes" | "files" | "targetFiles"
> & { retired: Signer[]; readonly expires: Date };

export async function createTufSimulator(options: TufSimulatorOptions = {}): Promise<TufSimulator> {
  const core = createCore(options);
  const sim: TufSimulator = Object.assign(core, {
    fileName: (role: string, version: number) => fileName(core, role, version),
    publishRoot: () => publishRoot(core),
    publishTimestamp: () => publish(core, "timestamp", core.timestamp),
    publishSnapshot: () => publishSnapshot(core),
    publishTargets: () => publishTargets(core, "targets"),
    publishDelegated: (name: string) => publishTargets(core, name),
    publishRelease: () => publishRelease(core),
    addTarget: (path: string, bytes: Uint8Array, more: { role?: string; custom?: JsonObject } = {}) =>
      addTarget(core, { path, bytes, ...more }),
    addDelegation: (delegator: string, delegation: NewDelegation) => addDelegation(core, delegator, delegation),
    addSuccinctRoles: (delegator: string, bitLength: number, namePrefix: string) =>
      addSuccinctRoles(core, delegator, { bitLength, namePrefix }),
    addSigner: (role: string, signer: Signer, delegator = "root") => addSigner(core, { role, signer, delegator }),
    rotateKeys: (role: TopLevelRole) => rotateKeys(core, role),
  });
  await sim.publishRoot();
  await sim.publishTargets();
  await sim.publishSnapshot();
  await sim.publishTimestamp();
  return sim;
}

const lifetimeMs = 30 * 24 * 3600 * 1000;
const topLevel: readonly TopLevelRole[] = ["root", "timestamp", "snapshot", "targets"];

function createCore(options: TufSimulatorOptions): Core {
  const expires = new Date((options.now ?? new Date("2030-01-01T00:00:00Z")).getTime() + lifetimeMs);
  const fields = { version: 1, specVersion, unrecognized: {} };
  const common = (): typeof fields & { expires: Date } => ({ ...fields, expires: new Date(expires) });
  const role = (): Draft<Role> => ({ keyIds: [], threshold: 1, unrecognized: {} });
  const core: Core = {
    root: {
      ...common(),
      type: "root",
      consistentSnapshot: options.consistentSnapshot ?? true,
      keys: new Map(),
      roles: { root: role(), timestamp: role(), snapshot: role(), targets: role() },
    },
    timestamp: { ...common(), type: "timestamp", snapshot: { version: 1, unrecognized: {} } },
    snapshot: { ...common(), type: "snapshot", meta: new Map() },
    targets: { ...common(), type: "targets", targets: new Map() },
    delegates: new Map(),
    signers: new Map(),
    metaHashes: options.metaHashes ?? "hashes",
    files: new Map(),
    targetFiles: new Map(),
    retired: [],
    expires,
  };
  for (const name of topLevel) addSigner(core, { role: name, signer: createTestSigner(), delegator: "root" });
  return core;
}

function fileName({ root }: Core, role: string, version: number): string {
  const isVersioned = role === "root" || (role !== "timestamp" && root.consistentSnapshot);
  return isVersioned ? `${version}.${role}.json` : `${role}.json`;
}

async function publish(core: Core, role: string, document: Document): Promise<Uint8Array> {
  const file = await signDocument(document, core.signers.get(role) ?? []);
  core.files.set(fileName(core, role, document.version), file);
  return file;
}

async function publishRoot(core: Core): Promise<Uint8Array> {
  const file = await signDocument(core.root, [...(core.signers.get("root") ?? []), ...core.retired]);
  core.retired = [];
  core.files.set(fileName(core, "root", core.root.version), file);
  return file;
}

async function publishTargets(core: Core, role: string): Promise<Uint8Array> {
  const document = targetsOf(core, role);
  const file = await publish(core, role, document);
  core.snapshot.meta.set(`${role}.json`, metaFile(core, document.version, file));
  return file;
}

async function publishSnapshot(core: Core): Promise<Uint8Array> {
  const file = await publish(core, "snapshot", core.snapshot);
  core.timestamp.snapshot = metaFile(core, core.snapshot.version, file);
  return file;
}

async function publishRelease(core: Core): Promise<void> {
  for (const [name, document] of core.delegates) {
    if (core.snapshot.meta.has(`${name}.json`)) document.version += 1;
    await publishTargets(core, name);
  }
  core.targets.version += 1;
  await publishTargets(core, "targets");
  core.snapshot.version += 1;
  await publishSnapshot(core);
  core.timestamp.version += 1;
  await publish(core, "timestamp", core.timestamp);
}

function metaFile(core: Core, version: number, file: Uint8Array): Draft<MetaFile> {
  const info = { length: file.length, hashes: new Map([["sha256", sha256(file)]]) };
  return { version, unrecognized: {}, ...(core.metaHashes === "hashes" && info) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function targetsOf(core: Core, role: string): Draft<Targets> {
  const document = role === "targets" ? core.targets : core.delegates.get(role);
  if (document === undefined) throw new TypeError(`the simulator has no role ${role}`);
  return document;
}

function addTarget(core: Core, target: { path: string; bytes: Uint8Array; role?: string; custom?: JsonObject }): void {
  const { path, bytes, role = "targets", custom } = target;
  const file: Draft<TargetFile> = {
    length: bytes.length,
    hashes: new Map([["sha256", sha256(bytes)]]),
    unrecognized: {},
    ...(custom !== undefined && { custom }),
  };
  targetsOf(core, role).targets.set(parseTargetPath(path), file);
  core.targetFiles.set(path, bytes);
}

function addDelegation(core: Core, delegator: string, delegation: NewDelegation): Draft<Targets> {
  const from = targetsOf(core, delegator);
  from.delegations ??= { kind: "listed", keys: new Map(), roles: [], unrecognized: {} };
  if (from.delegations.kind !== "listed") throw new TypeError(`${delegator} has succinct roles`);
  const { name, paths, pathHashPrefixes, terminating = false, threshold = 1 } = delegation;
  const role: Draft<DelegatedRole> = {
    name: parseRoleName(name),
    keyIds: [],
    threshold,
    terminating,
    unrecognized: {},
    ...(pathHashPrefixes === undefined
      ? { paths: [...(paths ?? ["*"])] }
      : { pathHashPrefixes: [...pathHashPrefixes] }),
  };
  from.delegations.roles.push(role);
  for (const signer of delegation.signers ?? [createTestSigner()]) addSigner(core, { role: name, signer, delegator });
  return addRole(core, name);
}

function addSuccinctRoles(core: Core, delegator: string, shape: { bitLength: number; namePrefix: string }): string[] {
  const signer = createTestSigner();
  const keyIds = [signer.keyId];
  const succinct = { ...shape, keyIds, threshold: 1, unrecognized: {} } satisfies SuccinctRoles;
  const keys = new Map<KeyId, Draft<Key>>([[signer.keyId, { ...signer.key }]]);
  targetsOf(core, delegator).delegations = {
    kind: "succinct",
    keys,
    succinct,
    unrecognized: {},
  };
  const names = Array.from(binNames(succinct));
  for (const name of names) {
    core.signers.set(name, [signer]);
    addRole(core, name);
  }
  return names;
}

function addRole(core: Core, name: string): Draft<Targets> {
  const role: Draft<Targets> = core.delegates.get(name) ?? {
    type: "targets",
    version: 1,
    specVersion,
    expires: new Date(core.expires),
    targets: new Map(),
    unrecognized: {},
  };
  core.delegates.set(name, role);
  return role;
}

function addSigner(core: Core, { role, signer, delegator }: { role: string; signer: Signer; delegator: string }): void {
  const from = delegator === "root" ? core.root : targetsOf(core, delegator).delegations;
  from?.keys.set(signer.keyId, { ...signer.key });
  const listed = roleIn(core, role, delegator);
  if (!listed.keyIds.includes(signer.keyId)) listed.keyIds.push(signer.keyId);
  core.signers.set(role, [...(core.signers.get(role) ?? []), signer]);
}

function roleIn(core: Core, role: string, delegator: string): Draft<Role> {
  if (delegator === "root") return core.root.roles[role as TopLevelRole];
  const { delegations } = targetsOf(core, delegator);
  const found =
    delegations?.kind === "succinct" ? delegations.succinct : delegations?.roles.find((r) => r.name === role);
  if (found === undefined) throw new TypeError(`${delegator} does not delegate to ${role}`);
  return found;
}

function rotateKeys(core: Core, role: TopLevelRole): void {
  if (role === "root") core.retired.push(...(core.signers.get(role) ?? []));
  const listed = core.root.roles[role];
  listed.keyIds = [];
  core.signers.set(role, []);
  for (let count = 0; count < listed.threshold; count += 1) {
    addSigner(core, { role, signer: createTestSigner(), delegator: "root" });
  }
}
