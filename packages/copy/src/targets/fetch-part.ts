/**
 * Fetches the bytes of a target from the sites, in order of preference. A site that does not have them, is down, or sends
 * other bytes than the signed ones is skipped. Bytes are hashed while streaming; callers must not release them before the
 * stream ends without an error.
 */
import { blobDigest } from "@dtuf/format";
import { provenDigest, type ByteStream, type ProgressCallback } from "@dtuf/registry";
import { FileError } from "@dtuf/registry/files";
import { createTargetVerifier } from "@dtuf/tuf";
import { isCallbackFault } from "../callbacks.ts";
import { CopyError } from "../errors.ts";
import type { CopyEvent } from "../events.ts";
import type { RefreshMode } from "../refresh/pull-metadata.ts";
import { openParts } from "./parts-ahead.ts";
import { createRepeatedParts } from "./repeated-parts.ts";
import { firstThatWorks } from "../sources/first-that-works.ts";
import type { FileHashes } from "../state/file-hashes.ts";
import type { PartStream, Site, TargetInfo, TargetPiece } from "../sources/source.ts";

export interface FetchTargetContext {
  /** Offline: only the sites that open no connection. */
  readonly sites: readonly Site[];
  readonly mode: RefreshMode;
  readonly onEvent: (event: CopyEvent) => void;
  /** Of files that patches may apply to. */
  readonly hashes: FileHashes;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressCallback | undefined;
  /** Called with the bytes of a chunk index that was fetched and is the signed one. */
  readonly onIndex?: ((bytes: Uint8Array) => void) | undefined;
}

/**
 * Returns the result of the first site for which `take` succeeds.
 * @throws CopyError COPY_BLOB_MISSING if no site has the target, COPY_OFFLINE_NOTHING_CACHED offline; else the error of the first site
 */
export async function fromSites<T>(
  context: FetchTargetContext,
  target: TargetInfo,
  take: (site: Site) => Promise<T | undefined>,
): Promise<T> {
  const { sites, signal } = context;
  const takeInTime = async (site: Site): Promise<T | undefined> => {
    const taken = await take(site);
    // A callback may have aborted the signal at the last byte.
    signal?.throwIfAborted();
    return taken;
  };
  const onFailure = (site: Site, error: unknown): void => reportSkipped(context, site, error);
  const taken = await firstThatWorks(sites, takeInTime, { signal, isFinal, onFailure });
  if (taken !== undefined) return taken;
  throw notFound(context, target);
}

/** No site has the target. */
export function notFound({ mode }: Pick<FetchTargetContext, "mode">, target: TargetInfo): CopyError {
  return mode === "offline" ? notHere(target) : missing(target);
}

/** Says that another site is asked, if there is one. */
export function reportSkipped({ sites, onEvent }: FetchTargetContext, { name }: Site, error: unknown): void {
  if (sites.length > 1) onEvent({ kind: "site-skipped", site: name, error });
}

/** Local failures and errors of a callback are not failures of a site. */
export function isFinal(error: unknown): boolean {
  return isCallbackFault(error) || FileError.is(error) || isNoSpace(error);
}

function notHere({ path }: TargetInfo): CopyError {
  const message = `offline, and the bytes of ${JSON.stringify(path)} are not on this machine; pull it with a connection`;
  return new CopyError("COPY_OFFLINE_NOTHING_CACHED", message, { details: { path } });
}

function isNoSpace(error: unknown): boolean {
  return CopyError.is(error) && error.code === "COPY_NO_SPACE";
}

function missing({ path }: TargetInfo): CopyError {
  return new CopyError("COPY_BLOB_MISSING", `no source has the bytes of ${JSON.stringify(path)}`, {
    details: { path },
  });
}

/** Opens the whole target, verified while streaming. Returns undefined if the site does not have all of it. */
export async function openWhole(
  site: Site,
  target: TargetInfo,
  context: FetchTargetContext & { readonly alsoVerifying?: (bytes: ByteStream) => ByteStream },
): Promise<ByteStream | undefined> {
  const found = await openFrom(site, { target, held: 0, readHeld: nothing }, context);
  const { alsoVerifying = (bytes: ByteStream): ByteStream => bytes } = context;
  return found && verifyingTarget(alsoVerifying(found.stream), target, context);
}

export interface HeldBeginning {
  readonly target: TargetInfo;
  /** Number of bytes that the caller has. They may be wrong. */
  readonly held: number;
  readonly readHeld: (from: number) => ByteStream;
}

/**
 * Opens the target from an offset of at most `held`: complete parts that the caller has are not fetched again, and the source
 * may continue within a part. The bytes are not verified here. Returns undefined if the site does not have all of the target.
 */
export async function openFrom(
  site: Site,
  { target, held, readHeld }: HeldBeginning,
  { signal }: FetchTargetContext,
): Promise<PartStream | undefined> {
  const { first, rest, start } = afterHeld(site.parts(target), held);
  if (first === undefined) return { from: held, stream: nothing() };
  const bytes = held - start;
  const prefix = bytes === 0 ? undefined : { bytes, open: () => readHeld(start) };
  const openOnce = createRepeatedParts(prefix === undefined ? [first, ...rest] : rest);
  const openFirst = (): Promise<PartStream | undefined> => site.openPart(target, first, { prefix, signal });
  const found = prefix === undefined ? await openOnce(first, openFirst) : await openFirst();
  if (found === undefined) return undefined;
  const open = async (part: TargetPiece, until: AbortSignal): Promise<PartStream> => {
    const opened = await openOnce(part, () => site.openPart(target, part, { signal: until }));
    if (opened === undefined) throw missing(target);
    return opened;
  };
  const stream = rest.length === 0 ? found.stream : openParts(found.stream, rest, { open, signal });
  return { from: start + found.from, stream };
}

interface Remaining {
  readonly first: TargetPiece | undefined;
  readonly rest: readonly TargetPiece[];
  /** The offset of `first`. */
  readonly start: number;
}

function afterHeld(parts: readonly TargetPiece[], held: number): Remaining {
  const rest = [...parts];
  let first = rest.shift();
  let start = 0;
  for (; first !== undefined && start + first.size <= held; first = rest.shift()) start += first.size;
  return { first, rest, start };
}

/**
 * Verifies the stream by the target's length and hashes; it throws at the end if they differ. If the target has one hash and
 * the stream is already verified by it, only the length is checked.
 */
export async function* verifyingTarget(
  stream: ByteStream,
  target: TargetInfo,
  context: Pick<FetchTargetContext, "onProgress" | "signal"> & {
    /** How many bytes of the target are before the stream, which `isProven` together with them. Default 0. */
    readonly after?: number;
  },
): ByteStream {
  const { after = 0 } = context;
  const hashesProven = isProven({ stream, from: after }, target);
  const verifier = createTargetVerifier(target.file, { hashesProven, received: after });
  const { path: name, length: totalBytes } = target;
  let bytes = after;
  for await (const chunk of stream) {
    context.signal?.throwIfAborted();
    verifier.update(chunk);
    bytes += chunk.length;
    context.onProgress?.({ step: "download", kind: "target", name, bytes, totalBytes });
    yield chunk;
  }
  verifier.finish();
}

/** Whether the store verifies the stream, together with the bytes before it, by the only hash of the target. */
export function isProven({ stream, from }: PartStream, { hashes }: TargetInfo): boolean {
  return hashes.size === 1 && provenDigest(stream, from) === blobDigest(hashes);
}

async function* nothing(): ByteStream {}
