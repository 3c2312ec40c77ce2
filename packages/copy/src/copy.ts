/**
 * The client of a TUF repository: a pinned root -> timestamp -> snapshot -> targets -> verified bytes.
 *
 * Guaranteed: no byte of a target is returned before it was verified; refused files are never kept; the state on disk is
 * at every moment either the old state or the new one; readers are never blocked; offline, no request is made.
 */
import { dirname, resolve } from "node:path";
import { forEachConcurrently, type ByteStream, type Content } from "@dtuf/registry";
import { syncDirectory } from "@dtuf/registry/files";
import { parseTargetPath, type TargetPath, type WalkStep } from "@dtuf/tuf";
import type {
  CallOptions,
  CopyOptions,
  PinResult,
  PullMetadataOptions,
  RefreshResult,
  SaveOptions,
  SaveTargetsOptions,
  TargetDestination,
} from "./calls.ts";
import { checkContents } from "./targets/check-target.ts";
import {
  createCopyCore,
  type CopyCore,
  fetchContext,
  fetchTarget,
  type FetchedTarget,
  listTargetFiles,
  listTargets,
  pinRoot,
  pullMetadata,
  rememberPulled,
  rememberSeed,
  saveContext,
  loadContext,
  useLoaded,
  withLastSeed,
} from "./copy-core.ts";
import { explainTarget, findTargetInfo, requireTarget } from "./targets/find-target.ts";
import {
  inspectCache,
  listTrustedFiles,
  readExpirations,
  type CachedState,
  type TrustedFile,
} from "./refresh/inspect.ts";
import { openVerified, openVerifiedBlobs, type VerifiedBlob } from "./targets/open-target.ts";
import { defaultConcurrency } from "./limits.ts";
import type { ListedTarget } from "./targets/list-targets.ts";
import { findHeldBytes, planSaving, saveVerified, type SaveTargetContext } from "./targets/save-target.ts";
import type { SavedTarget, SaveOutcome, TargetPlan } from "./targets/ways.ts";
import { guardCallback } from "./callbacks.ts";
import { frozenCopy } from "./frozen.ts";
import type { TargetInfo } from "./sources/source.ts";
import { tracedOpen, tracedRefresh, tracedSave } from "./traces.ts";

export interface Copy extends AsyncDisposable {
  /**
   * Makes a root the trusted root, without a request. `root` is a root.json, or a chain of roots in one file, whose newest
   * root is pinned. To pin a later root of the same chain, give the roots in between too, unless it is the next one.
   * @throws CopyError COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN, COPY_STATE_NOT_KEPT; TufError; FormatError FORMAT_ROOT_CHAIN_INVALID
   */
  pin(root: Uint8Array, options?: Pick<PullMetadataOptions, "replace">): Promise<PinResult>;
  /**
   * Refreshes. If `pin` is given, pins that root first.
   * @throws CopyError COPY_NOT_PINNED, COPY_NOT_PUBLISHED, COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN, COPY_CLOCK_SUSPECT,
   *   COPY_OFFLINE_NOTHING_CACHED, COPY_METADATA_MISSING, COPY_STATE_FOREIGN, COPY_STATE_NOT_KEPT; TufError; OciError; FileError
   */
  pullMetadata(options?: PullMetadataOptions): Promise<RefreshResult>;
  /**
   * Yields the path of every target once: first those of the top-level role, then those of each delegated role, fetched
   * when the loop reaches it.
   */
  listTargets(options?: CallOptions): AsyncIterable<TargetPath>;
  /** Like `listTargets`, with the role that lists each target and its signed metadata. */
  listTargetFiles(options?: CallOptions): AsyncIterable<ListedTarget>;
  /**
   * Reports the pin, the cached metadata, and the results of the last refreshes. Makes no request.
   * @throws CopyError COPY_NOT_PINNED
   */
  inspect(): Promise<CachedState>;
  /** @throws CopyError COPY_NOT_PINNED, COPY_OFFLINE_NOTHING_CACHED */
  expirations(): Promise<ReadonlyMap<string, Date>>;
  /** The trusted metadata files, including every root from the pin on. */
  trustedFiles(): Promise<readonly TrustedFile[]>;
  findTarget(path: string | TargetPath, options?: CallOptions): Promise<TargetInfo | undefined>;
  /**
   * No byte is yielded before it was verified. A target with a signed chunk index is yielded while it arrives, each chunk
   * when it is verified: what was yielded is a beginning of the signed content at every moment, and the stream ends without an
   * error only if the whole content is the signed one. Without an index the whole target is verified before
   * the first byte; large targets wait in the state directory. Read the stream, or abort it by the signal.
   * `ReadableStream.from` makes a web stream of it.
   * @throws CopyError COPY_BLOB_MISSING; TufError; from the stream DeltaError DELTA_CHUNK_DIFFERS, DELTA_LENGTH_DIFFERS too
   */
  openTarget(target: TargetInfo, options?: CallOptions): Promise<ByteStream>;
  /**
   * Yields the blobs in order. All of them are verified before the first is yielded, as with `openTarget`. Read each blob
   * before you ask for the next one.
   */
  openTargetBlobs(target: TargetInfo, options?: CallOptions): AsyncIterable<VerifiedBlob>;
  /**
   * Writes beside the destination, verifies, fsyncs, renames; continues a partial download. If the target has a chunk index,
   * what an older version at the destination, the file of the last pull or a seed has of it is not fetched, if that is cheaper.
   */
  saveTarget(target: TargetInfo, destination: string, options?: SaveOptions): Promise<SaveOutcome>;
  /**
   * Saves each target like `saveTarget`, several at a time. The first failure stops the others: files that were written
   * before are complete, and the next call continues the others.
   */
  saveTargets(targets: readonly TargetDestination[], options?: SaveTargetsOptions): Promise<readonly SaveOutcome[]>;
  /**
   * What `saveTarget` with the same options would do: what is there, what seeds have, and what is fetched by which ranges or as a
   * whole. Fetches no byte of the target; its chunk index, if the plan needs it, is fetched and counts.
   */
  planTarget(target: TargetInfo, destination: string, options?: SaveOptions): Promise<TargetPlan>;
  /**
   * How many bytes of an interrupted download lie beside the destination, for the next `saveTarget` to continue. 0 if there
   * is none. They are verified when the download continues.
   */
  heldBytes(target: TargetInfo, destination: string): Promise<number>;
  /** @throws CopyError COPY_TARGET_UNKNOWN */
  blobSizes(path: string | TargetPath, options?: CallOptions): Promise<readonly number[]>;
  /**
   * Compares each content with the target's blob at the same position.
   * @throws CopyError COPY_TARGET_UNKNOWN, COPY_TARGET_DIFFERS
   */
  checkTarget(path: string | TargetPath, contents: readonly Content[], options?: CallOptions): Promise<void>;
  /** The steps of the delegation walk for the path, whether it finds a target or not. */
  explain(path: string | TargetPath, options?: CallOptions): Promise<readonly WalkStep[]>;
  /**
   * Closes the connections that the copy opened for its `repository`. The state stays. The next call opens new
   * connections.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a client of one repository. It makes no request and touches no file before the first call.
 *
 *     const copy = createCopy({ repository: "registry.example.com/fred/demo", directory: "state", root });
 *     await copy.pullMetadata();
 *     const target = await copy.findTarget("demo.txt");
 *     if (target !== undefined) await copy.saveTarget(target, "demo.txt");
 *
 * @throws OciError OCI_REFERENCE_INVALID
 */
export function createCopy(options: CopyOptions): Copy {
  const core = createCopyCore(options);
  const findRequired = (path: string, call: CallOptions | undefined): Promise<TargetInfo> =>
    useLoaded(core, call, (loaded, context) => requireTarget(loaded, parseTargetPath(path), context));
  return {
    pin: (root, options) => pinRoot(core, root, options),
    pullMetadata: (call) => tracedRefresh(core, call, () => pullMetadata(core, call)),
    listTargets: (call) => listTargets(core, call),
    listTargetFiles: (call) => listTargetFiles(core, call),
    inspect: async () => inspectCache(loadContext(core)),
    expirations: async () => readExpirations(loadContext(core)),
    trustedFiles: async () => listTrustedFiles(loadContext(core)),
    findTarget: (path, call) =>
      useLoaded(core, call, (loaded, context) => findTargetInfo(loaded, parseTargetPath(path), context)),
    explain: (path, call) =>
      useLoaded(core, call, (loaded, context) => explainTarget(loaded, parseTargetPath(path), context)),
    openTarget: async (target, call) => {
      const fetched = { target, call };
      const open = (): Promise<ByteStream> => openVerified(target, fetchContext(core, call));
      return remembering(core, fetched, await tracedOpen(target, () => fetchTarget(core, fetched, open)));
    },
    openTargetBlobs: (target, call) =>
      remembering(core, { target, call }, openVerifiedBlobs(target, fetchContext(core, call))),
    saveTarget: (target, destination, call) => save(core, { target, destination }, call),
    saveTargets: (targets, call) => saveAll(core, targets, call),
    planTarget: async (target, destination, call) =>
      frozenCopy(await planSaving(target, destination, await withLastSeed(core, target, saveContext(core, call)))),
    heldBytes: (target, destination) => findHeldBytes(target, destination),
    blobSizes: async (path, call) => (await findRequired(path, call)).blobs.map(({ size }) => size),
    checkTarget: async (path, contents, call) => checkContents(await findRequired(path, call), contents),
    close: () => core.close(),
    [Symbol.asyncDispose]: () => core.close(),
  };
}

/** The target counts as pulled when its last byte was read. */
async function* remembering<T>(core: CopyCore, fetched: FetchedTarget, items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await fetchTarget(core, fetched, () => iterator.next());
      if (done === true) break;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
  await rememberPulled(core, [fetched.target]);
}

/** Makes the names durable and records the targets at the end, for all of them at once. */
async function saveAll(
  core: CopyCore,
  targets: readonly TargetDestination[],
  { concurrency = defaultConcurrency, ...call }: SaveTargetsOptions = {},
): Promise<readonly SaveOutcome[]> {
  const outcomes: SaveOutcome[] = targets.map(() => "written");
  const done = new Set<TargetDestination>();
  const onSaved = guardCallback(call.onSaved);
  const keep = async (): Promise<void> => {
    const saved = targets.filter((each) => done.has(each));
    const directories = new Set(saved.map(({ destination }) => dirname(resolve(destination))));
    for (const directory of directories) await syncDirectory(directory);
    await rememberPulled(
      core,
      saved.map(({ target }) => target),
    );
  };
  try {
    await forEachConcurrently(targets.entries(), concurrency, async ([at, each], failed) => {
      const signal = call.signal === undefined ? failed : AbortSignal.any([call.signal, failed]);
      const one = { ...call, signal };
      outcomes[at] = await fetchTarget(core, { target: each.target, call: one }, () => {
        const context = { ...saveContext(core, one), directorySync: "later" } as const;
        return saveOne(core, each, { onSaved, context });
      });
      done.add(each);
    });
  } catch (error) {
    // The first error is the one to report.
    await keep().catch(() => undefined);
    throw error;
  }
  await keep();
  return outcomes;
}

interface Saving {
  readonly onSaved: (saved: SavedTarget) => void;
  readonly context: SaveTargetContext;
}

async function save(
  core: CopyCore,
  destination: TargetDestination,
  call: SaveOptions | undefined,
): Promise<SaveOutcome> {
  const { target } = destination;
  const onSaved = guardCallback(call?.onSaved);
  const outcome = await fetchTarget(core, { target, call }, () =>
    saveOne(core, destination, { onSaved, context: saveContext(core, call) }),
  );
  await rememberPulled(core, [target]);
  return outcome;
}

async function saveOne(
  core: CopyCore,
  { target, destination }: TargetDestination,
  { onSaved, context: given }: Saving,
): Promise<SaveOutcome> {
  let index: Uint8Array | undefined;
  const onIndex = (bytes: Uint8Array): void => {
    index = bytes;
  };
  const context = await withLastSeed(core, target, { ...given, onIndex });
  const report = await tracedSave(target, () => saveVerified(target, destination, context));
  if (report.outcome === "written") await rememberSeed(core, { target, destination }, index);
  const { path: name, length } = target;
  context.onProgress?.({ step: "download", kind: "target", name, bytes: length, totalBytes: length, isStored: true });
  onSaved(frozenCopy({ target, destination, ...report }));
  return report.outcome;
}
