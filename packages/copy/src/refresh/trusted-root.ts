/** The trusted root that a refresh starts from: the pinned root, or the root that this call requests. */
import { parseRootFile } from "@dtuf/format";
import { TufError, verifyRootChain, type Root, type Trusted } from "@dtuf/tuf";
import { createCacheDraft, createEmptyDraft, type CacheDraft } from "../state/cache-draft.ts";
import { fileHash, type Cached, type CacheDirectory } from "../state/cache-directory.ts";
import { CopyError } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import { decidePin, findShownRoot, verifyPin, type PinContext, type PinInfo } from "./pin.ts";
import type { MetadataView } from "../sources/source.ts";
import { emptyState } from "../state/state-file.ts";

export type RequestedRoot =
  /**
   * A root.json, preferably the newest; or a chain of roots as `dtuf get-root --all` writes it, whose newest root is
   * pinned.
   */
  | { readonly kind: "root"; readonly bytes: Uint8Array }
  /** Public keys in PEM: pins the oldest root of the source that all of them signed, with every key that it lists. */
  | { readonly kind: "keys"; readonly pems: readonly string[] };

export interface PinRequest {
  readonly requested: RequestedRoot | undefined;
  readonly replace: boolean;
}

export interface TrustedRoot {
  readonly draft: CacheDraft;
  readonly pin: PinInfo;
  /** The trusted root before this call, if this one differs. */
  readonly previousPin: PinInfo | undefined;
  /** "kept": this call did not change it. */
  readonly change: "kept" | "moved" | "replaced" | "first";
}

export interface TrustedRootContext extends PinContext {
  readonly directory: CacheDirectory;
  readonly onEvent: (event: CopyEvent) => void;
}

/** @throws CopyError COPY_NOT_PINNED, COPY_STATE_FOREIGN, COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN; TufError; FormatError */
export async function findTrustedRoot(
  request: PinRequest,
  view: MetadataView | undefined,
  context: TrustedRootContext,
): Promise<TrustedRoot> {
  const cached = await loadPinned(request, context);
  const { requested, replace } = request;
  if (requested === undefined) {
    if (cached === undefined) throw notPinned();
    return keptRoot(cached, context);
  }
  const files =
    requested.kind === "root" ? parseRootFile(requested.bytes) : [await rootOfKeys(requested.pems, view, context)];
  const chain = verifyRootChain(files, context);
  const newPin = newestOf(chain);
  if (cached === undefined) return newRoot(newPin, undefined, context);
  const change = await decidePin({ pinned: cached.pin, requested: newPin, replace }, withChain(view, chain), context);
  if (change === "kept") return keptRoot(replace ? withoutTime(cached) : cached, context);
  return change === "moved" ? movedRoot(cached, newPin, context) : newRoot(newPin, cached, context);
}

/**
 * Saves a first pin before any request, so that a device can be pinned without a network and the pin survives a first pull
 * that fails. An existing pin does not change.
 * @throws TufError; FormatError; FileError
 */
export async function keepFirstPin(root: Uint8Array, context: TrustedRootContext): Promise<void> {
  const { directory } = context;
  if ((await directory.load()) !== undefined) return;
  const { draft } = newRoot(newestOf(verifyRootChain(parseRootFile(root), context)), undefined, context);
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

/** Uses the roots of the given chain before those of the source. */
function withChain(view: MetadataView | undefined, chain: readonly Trusted<Root>[]): MetadataView | undefined {
  if (chain.length === 1) return view;
  const known = new Map(chain.map(({ signed, bytes }) => [signed.version, bytes]));
  return { findMetadata: async (request) => known.get(request.version ?? 0) ?? view?.findMetadata(request) };
}

/** The pin on disk, verified. A damaged pin is an error, unless the call requests a root to replace it. */
async function loadPinned({ requested }: PinRequest, context: TrustedRootContext): Promise<Cached | undefined> {
  const cached = await context.directory.load();
  try {
    if (cached !== undefined) verifyPin(cached.pin, context);
    return cached;
  } catch (error) {
    if (!TufError.is(error)) throw error;
    if (requested === undefined) {
      throw new CopyError("COPY_STATE_FOREIGN", "the pinned root is damaged or is not a root; pin a root again", {
        cause: error,
      });
    }
    context.onEvent({ kind: "cache-healed", what: "pin.json", error });
    return undefined;
  }
}

export function notPinned(): CopyError {
  return new CopyError("COPY_NOT_PINNED", "no root is pinned; give a root.json or root public keys once");
}

async function rootOfKeys(
  pems: readonly string[],
  view: MetadataView | undefined,
  context: TrustedRootContext,
): Promise<Uint8Array> {
  if (view !== undefined) return findShownRoot(pems, view, context);
  throw new CopyError(
    "COPY_OFFLINE_NOTHING_CACHED",
    "a pin by keys needs the source, because the keys choose one of its roots; it is not possible offline",
  );
}

/**
 * Pinning with `replace` resets the remembered time, so that one refresh with a fast clock does not block the client
 * until that time.
 */
function withoutTime({ pin, state }: Cached): Cached {
  return { pin, state: { ...state, refreshedAt: undefined } };
}

function keptRoot(cached: Cached, context: TrustedRootContext): TrustedRoot {
  const pin = verifyPin(cached.pin, context);
  return { draft: createCacheDraft(cached, context.directory), pin, previousPin: undefined, change: "kept" };
}

function newRoot(newPin: Uint8Array, cached: Cached | undefined, context: TrustedRootContext): TrustedRoot {
  const pin = verifyPin(newPin, context);
  const draft = createEmptyDraft(newPin, context.directory);
  if (cached === undefined) return { draft, pin, previousPin: undefined, change: "first" };
  return { draft, pin, previousPin: verifyPin(cached.pin, context), change: "replaced" };
}

/** Keeps the cached metadata: it is verified again, starting from the new pin. */
function movedRoot(cached: Cached, newPin: Uint8Array, context: TrustedRootContext): TrustedRoot {
  const previousPin = verifyPin(cached.pin, context);
  const pin = verifyPin(newPin, context);
  const walked = pin.version - previousPin.version;
  const roots = cached.state.roots[walked - 1] === fileHash(newPin) ? cached.state.roots.slice(walked) : [];
  const state = {
    ...emptyState(fileHash(newPin)),
    ...cached.state,
    pin: fileHash(newPin),
    roots,
    revision: undefined,
  };
  return { draft: createCacheDraft({ pin: newPin, state }, context.directory), pin, previousPin, change: "moved" };
}
