/**
 * The roots that a publisher knows: those that it trusts, each signed by its predecessor, and those older than its
 * pinned root.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { digestOf } from "@dtuf/registry";
import { encodeRootChain, metadataFileName, parseRootFile } from "@dtuf/format";
import {
  createTrustedSet,
  defaultLimits,
  TufError,
  verifyOlderRoot,
  verifyRootChain,
  type Root,
  type Trusted,
  type TrustedSet,
  type LeftOutRoots,
} from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import type { SignedFile } from "../documents/plan.ts";
import { readPublished, type Published } from "./published.ts";
import type { Operation } from "../state/operation.ts";
import type { State } from "../state/state.ts";

/** The pinned root and its successors, and the older roots. The oldest comes first. */
export interface Roots {
  readonly older: readonly SignedFile[];
  readonly chain: readonly SignedFile[];
}

/** At this instant nothing has expired. */
const epoch: Date = new Date(0);

/** The roots of the record. @throws MasterError MASTER_STATE_INVALID */
export async function readRoots({ files }: Operation, state: State): Promise<Roots> {
  const all: SignedFile[] = [];
  for (const root of state.roots) all.push({ version: root.version, bytes: await files.readMetadata(root) });
  return {
    older: all.filter((root) => root.version < state.pin),
    chain: all.filter((root) => root.version >= state.pin),
  };
}

/** A trusted set at the end of the chain. @throws TufError */
export function walkRoots(roots: Roots): TrustedSet {
  const set = openChain(roots);
  set.finishRoot();
  return set;
}

/** A trusted set of a root that was verified before. */
export function openRootSet(root: Uint8Array): TrustedSet {
  const set = createTrustedSet({ root, now: epoch });
  set.finishRoot();
  return set;
}

function openChain({ chain: [pin, ...more] }: Roots): TrustedSet {
  if (pin === undefined) throw new MasterError("MASTER_STATE_INVALID", "the record has no pinned root");
  const set = createTrustedSet({ root: pin.bytes, now: epoch });
  for (const root of more) set.updateRoot(root.bytes);
  return set;
}

/**
 * Extends the chain with the published roots that follow it; each is verified before the next is read. The bytes of a
 * published `N.root.json` never change: a root that differs from the known one is refused.
 * @throws TufError; MasterError MASTER_CHAIN_DIFFERS, MASTER_METADATA_UNAVAILABLE
 */
export async function extendChain(operation: Operation, published: Published, roots: Roots): Promise<Roots> {
  verifySameRoots(published, roots);
  const chain = [...roots.chain];
  const set = openChain(roots);
  for (;;) {
    const root = await findRoot(operation, published, set.root.signed.version + 1);
    if (root === undefined) return { ...roots, chain };
    if (chain.length > defaultLimits.maxRootRotations) throw tooManyRoots();
    try {
      set.updateRoot(root.bytes);
    } catch (error) {
      throw (await isOtherChain(operation, published, root)) ? chainDiffers(root.version) : error;
    }
    chain.push(root);
  }
}

/**
 * A root that does not follow is damaged or forged. If the published timestamp verifies with its keys, it belongs to
 * another chain.
 */
async function isOtherChain(operation: Operation, published: Published, first: SignedFile): Promise<boolean> {
  let newest = first;
  for (let count = 0; count < defaultLimits.maxRootRotations; count++) {
    const next = await findRoot(operation, published, newest.version + 1);
    if (next === undefined) break;
    newest = next;
  }
  const file = { name: metadataFileName("timestamp"), maxBytes: defaultLimits.timestampMaxBytes };
  const timestamp = await readPublished(operation, published, file);
  try {
    walkRoots({ older: [], chain: [newest] }).updateTimestamp(timestamp);
    return true;
  } catch (error) {
    if (TufError.is(error)) return false;
    throw error;
  }
}

/** The roots that a machine without a record starts with. */
export interface HandedOver extends Roots {
  readonly leftOut: LeftOutRoots | undefined;
}

/**
 * The roots in the caller's file, of which the newest is the pinned one, and the older published roots that the pinned
 * root's keys signed. Older roots are published again for clients that are pinned to them.
 * @param file a root.json, or a chain as `rootChain` returns it
 * @throws FormatError FORMAT_ROOT_CHAIN_INVALID; TufError
 */
export async function openHandedOver(
  operation: Operation,
  published: Published,
  file: Uint8Array,
): Promise<HandedOver> {
  const given = verifyRootChain(parseRootFile(file));
  const [pinned, first] = [given.at(-1), given[0]];
  if (pinned === undefined || first === undefined) throw new TypeError("a chain has at least one root");
  const { older, leftOut } = await readOlderRoots(operation, published, { first, pinned });
  return { older: [...older, ...given.slice(0, -1).map(fileOf)], chain: [fileOf(pinned)], leftOut };
}

async function readOlderRoots(
  operation: Operation,
  published: Published,
  { first, pinned }: { readonly first: Trusted<Root>; readonly pinned: Trusted<Root> },
): Promise<Pick<HandedOver, "older" | "leftOut">> {
  const older: SignedFile[] = [];
  for (let next = first; older.length < defaultLimits.maxRootRotations;) {
    const root = await findRoot(operation, published, next.signed.version - 1);
    if (root === undefined) break;
    try {
      next = verifyOlderRoot(root.bytes, { next, pinned });
    } catch (error) {
      if (!TufError.is(error)) throw error;
      return { older, leftOut: { newest: root.version, error } };
    }
    older.unshift(root);
  }
  return { older, leftOut: undefined };
}

function fileOf({ signed: { version }, bytes }: Trusted<Root>): SignedFile {
  return { version, bytes };
}

/**
 * The roots signed here that lead to the newest without a gap, the oldest first, in one file.
 * @throws MasterError MASTER_STATE_INVALID
 */
export async function readRootChain(operation: Operation): Promise<Uint8Array> {
  const { roots, stagedRoots } = operation.state();
  const chain: Uint8Array[] = [];
  for (const record of [...roots, ...stagedRoots].toReversed()) {
    const bytes = await operation.files.readMetadata(record);
    if (chain[0] !== undefined && !follows(chain[0], bytes)) break;
    chain.unshift(bytes);
  }
  return encodeRootChain(chain.slice(-1 - defaultLimits.maxRootRotations));
}

function follows(next: Uint8Array, root: Uint8Array): boolean {
  try {
    return verifyRootChain([root, next]).length > 0;
  } catch (error) {
    if (TufError.is(error)) return false;
    throw error;
  }
}

/**
 * The loops over roots make no request if the manifest contains the roots. So they yield to the event loop, so that the
 * signal can be set.
 */
async function findRoot(operation: Operation, published: Published, version: number): Promise<SignedFile | undefined> {
  await nextTurn();
  operation.signal?.throwIfAborted();
  const name = metadataFileName("root", version);
  if (!published.files.has(name)) return undefined;
  return { version, bytes: await readPublished(operation, published, { name, maxBytes: defaultLimits.rootMaxBytes }) };
}

function verifySameRoots({ files }: Published, { older, chain }: Roots): void {
  for (const { version, bytes } of [...older, ...chain]) {
    const found = files.get(metadataFileName("root", version));
    if (found !== undefined && found.digest !== digestOf(bytes)) throw chainDiffers(version);
  }
}

function chainDiffers(version: number): MasterError {
  const message = `the published root ${version} is not the one known here, or does not follow it`;
  return new MasterError("MASTER_CHAIN_DIFFERS", message, { details: { version } });
}

function tooManyRoots(): MasterError {
  const limit = defaultLimits.maxRootRotations;
  return new MasterError("MASTER_METADATA_UNAVAILABLE", `more than ${limit} roots`, { details: { limit } });
}
