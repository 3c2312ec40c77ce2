/** The roots that a publisher knows: those that it trusts, each signed by the one before, and those before its pin. */
import { digestOf } from "@dtuf/registry";
import { metadataFileName } from "@dtuf/format";
import { createTrustedSet, defaultLimits, TufError, type TrustedSet } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import type { SignedFile } from "../documents/plan.ts";
import { readPublished, type Published } from "./published.ts";
import type { Session } from "../state/session.ts";
import type { State } from "../state/state.ts";

/** The pinned root and those that follow it; and the older ones. Oldest first. */
export interface Roots {
  readonly older: readonly SignedFile[];
  readonly chain: readonly SignedFile[];
}

/** The instant of judgement at which nothing is expired. */
export const epoch: Date = new Date(0);

/** The roots of the record. @throws MasterError MASTER_STATE_INVALID */
export async function readRoots({ files }: Session, state: State): Promise<Roots> {
  const all: SignedFile[] = [];
  for (const root of state.roots) all.push({ version: root.version, bytes: await files.readMetadata(root) });
  return {
    older: all.filter((root) => root.version < state.pin),
    chain: all.filter((root) => root.version >= state.pin),
  };
}

/** A trusted set at the end of the chain. @throws TufError */
export function walkRoots({ chain: [pin, ...more] }: Roots): TrustedSet {
  if (pin === undefined) throw new MasterError("MASTER_STATE_INVALID", "the record has no pinned root");
  const set = createTrustedSet({ root: pin.bytes, now: epoch });
  for (const root of more) set.updateRoot(root.bytes);
  set.finishRoot();
  return set;
}

/** The chain with the published roots that follow it. They are verified by `walkRoots`. */
export async function extendChain(session: Session, published: Published, roots: Roots): Promise<Roots> {
  verifySamePin(published, roots);
  const chain = [...roots.chain];
  for (;;) {
    const version = (chain.at(-1)?.version ?? 0) + 1;
    const root = await findRoot(session, published, version);
    if (root === undefined) return { ...roots, chain };
    if (chain.length > defaultLimits.maxRootRotations) throw tooManyRoots();
    chain.push(root);
  }
}

/**
 * The roots before the pin, which are carried along for clients that are pinned to them: each signed by itself and
 * signing the one after it. So the registry cannot slip in one of its own, and they end where the chain was replaced.
 */
export async function readOlderRoots(
  session: Session,
  published: Published,
  pin: SignedFile,
): Promise<readonly SignedFile[]> {
  const older: SignedFile[] = [];
  for (let next = pin; older.length < defaultLimits.maxRootRotations;) {
    const root = await findRoot(session, published, next.version - 1);
    if (root === undefined || !follows(next, root)) break;
    older.unshift(root);
    next = root;
  }
  return older;
}

function follows(next: SignedFile, root: SignedFile): boolean {
  try {
    createTrustedSet({ root: root.bytes, now: epoch }).updateRoot(next.bytes);
    return true;
  } catch (error) {
    if (TufError.is(error)) return false;
    throw error;
  }
}

async function findRoot(session: Session, published: Published, version: number): Promise<SignedFile | undefined> {
  const name = metadataFileName("root", version);
  if (!published.files.has(name)) return undefined;
  return { version, bytes: await readPublished(session, published, { name, maxBytes: defaultLimits.rootMaxBytes }) };
}

function verifySamePin({ files }: Published, { chain }: Roots): void {
  const [pin] = chain;
  const found = pin === undefined ? undefined : files.get(metadataFileName("root", pin.version));
  if (pin === undefined || found === undefined || found.digest === digestOf(pin.bytes)) return;
  throw new MasterError("MASTER_BASE_UNEXPECTED", "what is published has another root than the one pinned here", {
    details: { version: pin.version, wanted: digestOf(pin.bytes), got: found.digest },
  });
}

function tooManyRoots(): MasterError {
  const limit = defaultLimits.maxRootRotations;
  return new MasterError("MASTER_METADATA_UNAVAILABLE", `more than ${limit} roots`, { details: { limit } });
}
