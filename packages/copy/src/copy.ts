/**
 * The client of a TUF repository: a pinned root -> timestamp -> snapshot -> targets -> verified bytes.
 *
 * Guaranteed: no byte of a target leaves before it was verified; nothing that was refused is kept; the state on disk is
 * the old one or the new one at every moment; readers are never blocked; offline means that no request is made.
 */
import { forEachConcurrently, type ByteStream, type Content } from "@dtuf/registry";
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
  listTargetFiles,
  listTargets,
  pinRoot,
  pullMetadata,
  rememberPulled,
  saveContext,
  sessionContext,
  useSession,
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
import { saveVerified } from "./targets/save-target.ts";
import type { TargetInfo } from "./sources/source.ts";

export interface Copy extends AsyncDisposable {
  /**
   * Makes a root the anchor, without a request: a root.json, or a chain of roots in one file, of which it is the newest.
   * A later pin on the same chain needs the roots in between, unless it is the next one.
   * @throws CopyError COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN, COPY_STATE_NOT_KEPT; TufError; FormatError FORMAT_ROOT_CHAIN_INVALID
   */
  pin(root: Uint8Array, options?: Pick<PullMetadataOptions, "replace">): Promise<PinResult>;
  /**
   * Refreshes; pins first where asked to.
   * @throws CopyError COPY_NOT_PINNED, COPY_NOT_PUBLISHED, COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN, COPY_CLOCK_SUSPECT,
   *   COPY_OFFLINE_NOTHING_CACHED, COPY_METADATA_MISSING, COPY_STATE_FOREIGN, COPY_STATE_NOT_KEPT; TufError; OciError; FileError
   */
  pullMetadata(options?: PullMetadataOptions): Promise<RefreshResult>;
  /** Paths of every target, each once: the top-level role's, then those of delegated roles as the loop reaches them. */
  listTargets(options?: CallOptions): AsyncIterable<TargetPath>;
  /** The same, each with the role that is trusted with it and what is signed of it. */
  listTargetFiles(options?: CallOptions): AsyncIterable<ListedTarget>;
  /** What is pinned and cached, and how the last refreshes ended. Makes no request. @throws CopyError COPY_NOT_PINNED */
  inspect(): Promise<CachedState>;
  /** @throws CopyError COPY_NOT_PINNED, COPY_OFFLINE_NOTHING_CACHED */
  expirations(): Promise<ReadonlyMap<string, Date>>;
  /** The trusted metadata files, every root from the pin on included. */
  trustedFiles(): Promise<readonly TrustedFile[]>;
  findTarget(path: string | TargetPath, options?: CallOptions): Promise<TargetInfo | undefined>;
  /** Verified before the first byte is yielded: spooled in the state directory. @throws CopyError COPY_BLOB_MISSING; TufError */
  openTarget(target: TargetInfo, options?: CallOptions): Promise<ByteStream>;
  /**
   * Blob by blob, in order, all of them verified before the first is yielded, as `openTarget` does. Each is read before the
   * next one is asked for.
   */
  openTargetBlobs(target: TargetInfo, options?: CallOptions): AsyncIterable<VerifiedBlob>;
  /** Writes beside the destination, verifies, fsyncs, renames; continues a partial download. */
  saveTarget(target: TargetInfo, destination: string, options?: SaveOptions): Promise<void>;
  /**
   * Each as `saveTarget` does, several at a time. The first failure stops the others: what was written before is whole,
   * what was not is continued by the next call.
   */
  saveTargets(targets: readonly TargetDestination[], options?: SaveTargetsOptions): Promise<void>;
  /** @throws CopyError COPY_TARGET_UNKNOWN */
  blobSizes(path: string | TargetPath, options?: CallOptions): Promise<readonly number[]>;
  /** Compares contents with the target's blobs, by position. @throws CopyError COPY_TARGET_UNKNOWN, COPY_TARGET_DIFFERS */
  checkTarget(path: string | TargetPath, contents: readonly Content[], options?: CallOptions): Promise<void>;
  /** The delegation walk that finds the target, or does not. */
  explain(path: string | TargetPath, options?: CallOptions): Promise<readonly WalkStep[]>;
  /** Ends the connections that the copy opened for its `repository`. The state stays. The next call connects anew. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a client of one repository. Makes no request and touches no file: the first call does.
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
    useSession(core, call, (session, context) => requireTarget(session, parseTargetPath(path), context));
  return {
    pin: (root, options) => pinRoot(core, root, options),
    pullMetadata: (call) => pullMetadata(core, call),
    listTargets: (call) => listTargets(core, call),
    listTargetFiles: (call) => listTargetFiles(core, call),
    inspect: async () => inspectCache(sessionContext(core)),
    expirations: async () => readExpirations(sessionContext(core)),
    trustedFiles: async () => listTrustedFiles(sessionContext(core)),
    findTarget: (path, call) =>
      useSession(core, call, (session, context) => findTargetInfo(session, parseTargetPath(path), context)),
    explain: (path, call) =>
      useSession(core, call, (session, context) => explainTarget(session, parseTargetPath(path), context)),
    async openTarget(target, call) {
      const stream = await openVerified(target, fetchContext(core, call));
      await rememberPulled(core, target);
      return stream;
    },
    async *openTargetBlobs(target, call) {
      yield* openVerifiedBlobs(target, fetchContext(core, call));
      await rememberPulled(core, target);
    },
    saveTarget: (target, destination, call) => save(core, { target, destination }, call),
    saveTargets: (targets, call) => saveAll(core, targets, call),
    blobSizes: async (path, call) => (await findRequired(path, call)).blobs.map(({ size }) => size),
    checkTarget: async (path, contents, call) => checkContents(await findRequired(path, call), contents),
    close: () => core.close(),
    [Symbol.asyncDispose]: () => core.close(),
  };
}

function saveAll(
  core: CopyCore,
  targets: readonly TargetDestination[],
  { concurrency = defaultConcurrency, ...call }: SaveTargetsOptions = {},
): Promise<void> {
  return forEachConcurrently(targets, concurrency, (each, failed) => {
    const signal = call.signal === undefined ? failed : AbortSignal.any([call.signal, failed]);
    return save(core, each, { ...call, signal });
  });
}

async function save(
  core: CopyCore,
  { target, destination }: TargetDestination,
  call: SaveOptions | undefined,
): Promise<void> {
  await saveVerified(target, destination, saveContext(core, call));
  await rememberPulled(core, target);
}
