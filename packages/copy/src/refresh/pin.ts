/**
 * The trusted root. A pin is one root.json; keys are only a way to choose it, once.
 *
 * Pinning again: on the chain of the pinned root only a newer root is accepted; a root of another chain only with `replace`,
 * which drops the cached metadata. A first root.json is saved at once. Every other pin is saved together with the first
 * refresh that starts from it, never before.
 */
import { createTrustedSet, defaultLimits, findRootOfKeys, TufError, type Limits } from "@dtuf/tuf";
import { fileHash } from "../state/cache-directory.ts";
import { isCallbackFault } from "../callbacks.ts";
import { CopyError } from "../errors.ts";
import { pinSearchMax } from "../limits.ts";
import { fetch, walkRoots, type FetchContext } from "./refresh.ts";
import type { MetadataView } from "../sources/source.ts";

/** A root that is, or was, the trusted root. */
export interface PinInfo {
  readonly version: number;
  /** SHA-256 of the file, 64 hex digits. */
  readonly fingerprint: string;
}

export interface PinContext extends FetchContext {
  readonly now: Date;
  readonly limits: Partial<Limits> | undefined;
}

/** @throws TufError if the file is not a root that meets its own threshold */
export function verifyPin(root: Uint8Array, { now, limits }: Pick<PinContext, "now" | "limits">): PinInfo {
  const { version } = createTrustedSet({ root, now, limits }).root.signed;
  return { version, fingerprint: fileHash(root) };
}

/**
 * Finds the oldest root that the source still has, that every given key signed, and that meets its own threshold.
 * @throws TufError TUF_ROOT_KEYS_MISMATCH, TUF_KEY_INVALID; CopyError COPY_NOT_PUBLISHED
 */
export async function findShownRoot(
  pems: readonly string[],
  view: MetadataView,
  context: PinContext,
): Promise<Uint8Array> {
  const root = await findRootOfKeys(pems, shownRoots(view, context), context);
  if (root === undefined)
    throw new CopyError("COPY_NOT_PUBLISHED", "no repository is published there: the source has no root");
  return root;
}

async function* shownRoots(view: MetadataView, context: PinContext): AsyncIterable<Uint8Array> {
  const maxBytes = context.limits?.rootMaxBytes ?? defaultLimits.rootMaxBytes;
  const first = (await view.findOldestRoot?.({ signal: context.signal })) ?? 1;
  for (let looked = 0; looked < pinSearchMax; looked++) {
    const bytes = await fetch("root", { version: first + looked, maxBytes }, { context, view });
    if (bytes === undefined) return;
    yield bytes;
  }
}

export interface PinChange {
  readonly pinned: Uint8Array;
  readonly requested: Uint8Array;
  readonly replace: boolean;
}

/**
 * Decides whether the requested root may follow the pinned one. Returns "kept" if it is the same root, "moved" if it is a
 * newer root of the same chain, "replaced" if it is of another chain and `replace` is true.
 * @throws CopyError COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN
 */
export async function decidePin(
  { pinned, requested, replace }: PinChange,
  view: MetadataView | undefined,
  context: PinContext,
): Promise<"kept" | "moved" | "replaced"> {
  const before = verifyPin(pinned, context);
  const after = verifyPin(requested, context);
  if (before.fingerprint === after.fingerprint) return "kept";
  const details = {
    pinnedVersion: before.version,
    pinnedFingerprint: before.fingerprint,
    offeredVersion: after.version,
    offeredFingerprint: after.fingerprint,
  };
  if (after.version > before.version && (await leadsTo(pinned, requested, { view, context }))) return "moved";
  if (after.version < before.version && (await leadsTo(requested, pinned, { view, context }))) {
    throw new CopyError("COPY_PIN_OLDER", `root ${after.version} is older than the pinned root ${before.version}`, {
      details,
    });
  }
  if (replace) return "replaced";
  throw new CopyError(
    "COPY_PIN_OTHER_CHAIN",
    `root ${after.version} (${after.fingerprint}) does not follow from the pinned root ${before.version} (${before.fingerprint})`,
    { details },
  );
}

interface Walk {
  readonly view: MetadataView | undefined;
  readonly context: PinContext;
}

/** Whether the root chain from `older` reaches `newer`, directly or through the roots of the view in between. */
async function leadsTo(older: Uint8Array, newer: Uint8Array, { view, context }: Walk): Promise<boolean> {
  const set = createTrustedSet({ root: older, now: context.now, limits: context.limits });
  const { version } = createTrustedSet({ root: newer, now: context.now, limits: context.limits }).root.signed;
  const signed = (): boolean => set.root.signed.version === version - 1 && set.updateRoot(newer).signed.version > 0;
  try {
    if (signed()) return true;
    if (view === undefined) return false;
    for await (const root of walkRoots(set, context, view)) {
      if (root.version === version) return Buffer.compare(root.bytes, newer) === 0;
      if (signed()) return true;
    }
  } catch (error) {
    if (!TufError.is(error) || isCallbackFault(error)) throw error;
  }
  return false;
}
