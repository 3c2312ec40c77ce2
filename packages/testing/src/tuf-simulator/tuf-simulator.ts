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
import { parseTargetPath, signDocument } from "@dtuf/tuf";
import type { Document, JsonObject, MetaFile, Signer, TargetFile, Targets, TopLevelRole } from "@dtuf/tuf";
import { createTestSigner } from "../keys.ts";
import {
  createCore,
  targetsOf,
  type Core,
  type Draft,
  type SimulatedDocuments,
  type TufSimulatorOptions,
} from "./simulator-documents.ts";
import { addDelegation, addSigner, addSuccinctRoles, rotateKeys, type NewDelegation } from "./simulator-keys.ts";

export interface TufSimulator extends SimulatedDocuments {
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

const topLevel = ["root", "timestamp", "snapshot", "targets"];

export async function createTufSimulator(options: TufSimulatorOptions = {}): Promise<TufSimulator> {
  const core = createCore(options);
  for (const role of topLevel) addSigner(core, { role, signer: createTestSigner(), delegator: "root" });
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
