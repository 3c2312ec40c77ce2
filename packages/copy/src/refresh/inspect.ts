/** Reads the cached metadata and verifies it, without a request or a lock. Expired metadata is not refused. */
import { createTrustedSet, parseUnverified, type Limits } from "@dtuf/tuf";
import { findTrustedRoot, type TrustedRootContext } from "./trusted-root.ts";
import type { CacheDraft, CachedRole } from "../state/cache-draft.ts";
import type { PinInfo } from "./pin.ts";
import { CopyError } from "../errors.ts";
import type { RefreshFailure } from "../state/refresh-failure.ts";
import { loadCached, nothingCached } from "./refresh.ts";
import { describeLoaded, validUntil, type LoadedRepository } from "./loaded-repository.ts";

export interface CachedState {
  /** "empty": a root is pinned, and no refresh has succeeded yet. */
  readonly status: "valid" | "expired" | "empty";
  readonly expirations: ReadonlyMap<string, Date>;
  readonly versions: ReadonlyMap<string, number>;
  readonly pin: PinInfo;
  /** The `place` of the last refresh. */
  readonly place: string | undefined;
  /** Time of the last refresh, or up to ten minutes earlier if nothing was new since. */
  readonly refreshedAt: Date | undefined;
  /** The last refresh, or fetch of a target, that failed, if any. It is later than `refreshedAt` if no refresh has succeeded since. */
  readonly lastFailure: RefreshFailure | undefined;
}

/** A cached, verified metadata file, byte for byte as it was served. */
export interface TrustedFile {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Epoch: inspecting must not fail on expired metadata. */
const beginning = new Date(0);

/** @throws CopyError COPY_NOT_PINNED; TufError if the cached metadata does not verify */
export async function inspectCache(context: TrustedRootContext): Promise<CachedState> {
  const { draft, pin } = await findTrustedRoot({ requested: undefined, replace: false }, undefined, context);
  const { place, refreshedAt } = draft.state;
  const lastFailure = await context.directory.findFailure();
  const usable = await firstUsable(draft, context.limits).catch(ignoreNothingCached);
  if (usable === undefined) {
    const nothing = { expirations: new Map<string, Date>(), versions: new Map<string, number>() };
    return { status: "empty", pin, place, refreshedAt, lastFailure, ...nothing };
  }
  const loaded: LoadedRepository = { set: usable, draft, views: [], delegated: new Map() };
  const status = validUntil(loaded) > context.now ? "valid" : "expired";
  return { status, pin, place, refreshedAt, lastFailure, ...describeLoaded(loaded) };
}

function ignoreNothingCached(error: unknown): undefined {
  if (!CopyError.is(error) || error.code !== "COPY_OFFLINE_NOTHING_CACHED") throw error;
}

/** @throws CopyError COPY_NOT_PINNED, COPY_OFFLINE_NOTHING_CACHED; TufError */
export async function readExpirations(context: TrustedRootContext): Promise<ReadonlyMap<string, Date>> {
  const { status, expirations } = await inspectCache(context);
  if (status === "empty") throw nothingCached("timestamp");
  return expirations;
}

async function firstUsable(draft: CacheDraft, limits: Partial<Limits> | undefined): Promise<LoadedRepository["set"]> {
  const earlier = draft.fallBack();
  try {
    return await loadCached({ draft, now: beginning, limits });
  } catch (error) {
    if (earlier === undefined) throw error;
    return loadCached({ draft: earlier, now: beginning, limits });
  }
}

/**
 * The newest accepted file of every role, and every root from the pin on.
 * @throws CopyError COPY_NOT_PINNED
 */
export async function listTrustedFiles(context: TrustedRootContext): Promise<readonly TrustedFile[]> {
  const { draft } = await findTrustedRoot({ requested: undefined, replace: false }, undefined, context);
  const files = [...(await trustedRoots(draft, context.limits))];
  const roles: readonly CachedRole[] = ["timestamp", "snapshot", "targets"];
  for (const role of roles) {
    const bytes = await draft.find(role);
    if (bytes !== undefined) files.push({ role, version: parseUnverified(bytes, role, context.limits).version, bytes });
  }
  for (const role of draft.state.delegated.keys()) {
    const bytes = await draft.findDelegated(role);
    if (bytes === undefined) continue;
    files.push({ role, version: parseUnverified(bytes, "targets", context.limits).version, bytes });
  }
  return files;
}

async function trustedRoots(draft: CacheDraft, limits: Partial<Limits> | undefined): Promise<readonly TrustedFile[]> {
  const set = createTrustedSet({ root: draft.pin, now: beginning, limits });
  const roots = [{ role: "root", version: set.root.signed.version, bytes: draft.pin }];
  for (let index = 0; ; index++) {
    const bytes = await draft.findRoot(index);
    if (bytes === undefined) return roots;
    roots.push({ role: "root", version: set.updateRoot(bytes).signed.version, bytes });
  }
}
