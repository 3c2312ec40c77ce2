/** From which root a refresh starts: the pinned one, or the one that is offered with this call. */
import { parseRootFile } from "@dtuf/format";
import { TufError, verifyRootChain, type Root, type Trusted } from "@dtuf/tuf";
import { createCacheDraft, createEmptyDraft, type CacheDraft } from "../state/cache-draft.ts";
import { fileHash, type Cached, type CacheDirectory } from "../state/cache-directory.ts";
import { CopyError } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import { decidePin, findShownRoot, verifyPin, type PinContext, type PinInfo } from "./pin.ts";
import type { MetadataView } from "../sources/source.ts";
import { emptyState } from "../state/state-file.ts";

export type PinOffer =
  /** A root.json, best the newest; or a chain of roots as `dtuf get-root --all` writes it, of which the newest becomes the pin. */
  | { readonly kind: "root"; readonly bytes: Uint8Array }
  /** Public keys in PEM: the oldest root shown that all of them sign becomes the pin, every key in it included. */
  | { readonly kind: "keys"; readonly pems: readonly string[] };

export interface PinWish {
  readonly offer: PinOffer | undefined;
  readonly replace: boolean;
}

export interface Anchor {
  readonly draft: CacheDraft;
  readonly pin: PinInfo;
  /** The anchor before, where this one differs. */
  readonly previousPin: PinInfo | undefined;
  /** "kept": as it was when the call began. */
  readonly change: "kept" | "moved" | "replaced" | "first";
}

export interface AnchorContext extends PinContext {
  readonly directory: CacheDirectory;
  readonly onEvent: (event: CopyEvent) => void;
}

/** @throws CopyError COPY_NOT_PINNED, COPY_STATE_FOREIGN, COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN; TufError; FormatError */
export async function findAnchor(
  wish: PinWish,
  view: MetadataView | undefined,
  context: AnchorContext,
): Promise<Anchor> {
  const cached = await loadPinned(wish, context);
  const { offer, replace } = wish;
  if (offer === undefined) {
    if (cached === undefined) throw notPinned();
    return keptAnchor(cached, context);
  }
  const files = offer.kind === "root" ? parseRootFile(offer.bytes) : [await rootOfKeys(offer.pems, view, context)];
  const chain = verifyRootChain(files, context);
  const offered = newestOf(chain);
  if (cached === undefined) return newAnchor(offered, undefined, context);
  const change = await decidePin({ pinned: cached.pin, offered, replace }, withChain(view, chain), context);
  if (change === "kept") return keptAnchor(replace ? withoutTime(cached) : cached, context);
  return change === "moved" ? movedAnchor(cached, offered, context) : newAnchor(offered, cached, context);
}

/**
 * A first pin is kept before anybody is asked, so that a device can be pinned without a network and a first pull that
 * fails leaves it. Whatever is pinned already stays as it is.
 * @throws TufError; FormatError; FileError
 */
export async function keepFirstPin(root: Uint8Array, context: AnchorContext): Promise<void> {
  const { directory } = context;
  if ((await directory.load()) !== undefined) return;
  const { draft } = newAnchor(newestOf(verifyRootChain(parseRootFile(root), context)), undefined, context);
  await directory.exclusively(
    async () => {
      if ((await directory.load()) === undefined)
        await directory.save({ pin: draft.pin, state: draft.state }, draft.files);
    },
    { signal: context.signal },
  );
}

function newestOf(chain: readonly Trusted<Root>[]): Uint8Array {
  const newest = chain.at(-1);
  if (newest === undefined) throw new TypeError("a chain has at least one root");
  return newest.bytes;
}

/** Roots that were handed over stand before those that a source shows. */
function withChain(view: MetadataView | undefined, chain: readonly Trusted<Root>[]): MetadataView | undefined {
  if (chain.length === 1) return view;
  const known = new Map(chain.map(({ signed, bytes }) => [signed.version, bytes]));
  return { findMetadata: async (request) => known.get(request.version ?? 0) ?? view?.findMetadata(request) };
}

/** The pin on disk, if it still is one. A damaged one can only be replaced by who brings a pin along. */
async function loadPinned({ offer }: PinWish, context: AnchorContext): Promise<Cached | undefined> {
  const cached = await context.directory.load();
  try {
    if (cached !== undefined) verifyPin(cached.pin, context);
    return cached;
  } catch (error) {
    if (!TufError.is(error)) throw error;
    if (offer === undefined) {
      throw new CopyError("COPY_STATE_FOREIGN", "the pinned root is damaged or no root at all; pin one again", {
        cause: error,
      });
    }
    context.onEvent({ kind: "cache-healed", what: "pin.json", error });
    return undefined;
  }
}

function notPinned(): CopyError {
  return new CopyError("COPY_NOT_PINNED", "no root is pinned; give a root.json or root public keys once");
}

async function rootOfKeys(
  pems: readonly string[],
  view: MetadataView | undefined,
  context: AnchorContext,
): Promise<Uint8Array> {
  if (view !== undefined) return findShownRoot(pems, view, context);
  throw new CopyError(
    "COPY_OFFLINE_NOTHING_CACHED",
    "keys choose a root among those that the source shows: not offline",
  );
}

/** Who pins anew with `replace` vouches for the clock: one that was ahead once would be suspect until it is there again. */
function withoutTime({ pin, state }: Cached): Cached {
  return { pin, state: { ...state, refreshedAt: undefined } };
}

function keptAnchor(cached: Cached, context: AnchorContext): Anchor {
  const pin = verifyPin(cached.pin, context);
  return { draft: createCacheDraft(cached, context.directory), pin, previousPin: undefined, change: "kept" };
}

function newAnchor(offered: Uint8Array, cached: Cached | undefined, context: AnchorContext): Anchor {
  const pin = verifyPin(offered, context);
  const draft = createEmptyDraft(offered, context.directory);
  if (cached === undefined) return { draft, pin, previousPin: undefined, change: "first" };
  return { draft, pin, previousPin: verifyPin(cached.pin, context), change: "replaced" };
}

/** The cached metadata stays: it is verified from the new pin on like everything else. */
function movedAnchor(cached: Cached, offered: Uint8Array, context: AnchorContext): Anchor {
  const previousPin = verifyPin(cached.pin, context);
  const pin = verifyPin(offered, context);
  const walked = pin.version - previousPin.version;
  const roots = cached.state.roots[walked - 1] === fileHash(offered) ? cached.state.roots.slice(walked) : [];
  const state = {
    ...emptyState(fileHash(offered)),
    ...cached.state,
    pin: fileHash(offered),
    roots,
    revision: undefined,
  };
  return { draft: createCacheDraft({ pin: offered, state }, context.directory), pin, previousPin, change: "moved" };
}
