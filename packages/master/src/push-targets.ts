/**
 * Uploads targets now and stages their metadata. Files are uploaded while they are read for the first time; a large one is
 * never held in memory whole, and one that changes meanwhile is refused. Uploading takes no lock, so that
 * a release can be refreshed at the same time. If bytes were pruned meanwhile, the upload is repeated under the lock
 * before it is staged. All changes of a call are staged by one write.
 */
import { findTargetBlobs, FormatError, targetKeeper } from "@dtuf/format";
import { emptyConfig, forEachConcurrently, type Digest } from "@dtuf/registry";
import { parseTargetPath, type JsonObject, type TargetFile, type TargetPath } from "@dtuf/tuf";
import { hasBins, readSignedTargets } from "./bins/read-bins.ts";
import { describeStaged, type Staged, type StagedTargets, type TargetMap } from "./documents/changes.ts";
import { parseTargetName, verifyCustom } from "./documents/target-name.ts";
import type {
  NewTarget,
  ProgressOptions,
  PushedTargets,
  PushTargetsOptions,
  StagedTarget,
} from "./contract/contract.ts";
import { openHashedFiles } from "./parts/hashed-files.ts";
import type { Blob } from "./parts/read-part.ts";
import { findLength, indexesOf, verifyChunkBytes } from "./parts/target-index.ts";
import { createScratch, type Scratch } from "./parts/scratch.ts";
import { createSender, reportStored, type Sender } from "./parts/sender.ts";
import { readKnown, readParts, uploadTarget, withCustom, type PreparedTarget } from "./push-target.ts";
import { createSent, type Sent } from "./release/upload.ts";
import type { Operation, Workplace } from "./state/operation.ts";

/** @throws MasterError; OciError; TypeError if there are no parts */
export async function pushTarget(
  workplace: Workplace,
  target: NewTarget,
  options: PushTargetsOptions,
): Promise<TargetFile> {
  const [pushed] = (await push(workplace, parseTargets([target]), options)).prepared;
  if (pushed === undefined) throw new TypeError("no target was pushed");
  return pushed.file;
}

/** @throws MasterError; OciError; TypeError if there are no parts, or if two targets have one name */
export async function pushTargets(
  workplace: Workplace,
  targets: readonly NewTarget[],
  options: PushTargetsOptions,
): Promise<PushedTargets> {
  const { staged, unchanged } = await push(workplace, parseTargets(targets), options);
  return { staged, unchanged };
}

type Wanted = ReadonlyMap<TargetPath, NewTarget>;

function parseTargets(targets: readonly NewTarget[]): Wanted {
  const wanted = new Map<TargetPath, NewTarget>();
  for (const target of targets) {
    const path = parseTargetName(target.name);
    if (target.parts.length === 0) throw new TypeError("a target needs at least one part");
    if (target.custom !== undefined) verifyCustom(target.custom);
    if (wanted.has(path)) throw new TypeError(`two targets have the name ${JSON.stringify(path)}`);
    wanted.set(path, target);
  }
  return wanted;
}

interface Prepared extends PreparedTarget {
  readonly path: TargetPath;
}

interface Pushed extends PushedTargets {
  readonly prepared: readonly Prepared[];
}

async function push(workplace: Workplace, wanted: Wanted, options: PushTargetsOptions): Promise<Pushed> {
  const { signal, effect = "push" } = options;
  verifyChunkBytes(options.chunkBytes);
  if (effect === "none") {
    return workplace.look(signal, async (operation) =>
      describe(operation, { wanted, prepared: await prepare(operation, wanted, options), options }),
    );
  }
  const { prunes, scratch } = await workplace.alone(signal, async (operation) => ({
    prunes: operation.state().prunes,
    scratch: createScratch(operation.files.directory, operation.now),
  }));
  try {
    const prepared = await workplace.look(signal, (operation) => prepare(operation, wanted, { ...options, scratch }));
    return await workplace.alone(signal, async (operation) => {
      const state = operation.state();
      if (state.prunes !== prunes) await uploadAll(operation, { targets: prepared, owner: "target", options });
      const pushed = await describe(operation, { wanted, prepared, options });
      await stageAll(operation, pushed.changes);
      return pushed;
    });
  } finally {
    await scratch.close();
  }
}

async function stageAll(operation: Operation, changes: StagedTargets): Promise<void> {
  const [first, ...more] = changes;
  if (first === undefined) return;
  if (more.length === 0) await operation.files.stage(operation.state(), ...first);
  else await operation.files.stageTogether(operation.state(), changes);
}

/**
 * Reads the targets and, unless `effect` is "none", uploads them. With `same: "keep"` unchanged targets are left out.
 */
async function prepare(
  operation: Operation,
  wanted: Wanted,
  options: PushTargetsOptions & { readonly scratch?: Scratch },
): Promise<readonly Prepared[]> {
  const targets = await readSignedTargets(operation, namesOf(wanted));
  const { files } = operation;
  const kind = (await hasBins(operation)) ? "bin" : "role";
  const size = targets.size + (await files.countStaged(operation.state())) + wanted.size - 1;
  const staged: StagedTargets = options.same === "keep" ? await files.readStaged(operation.state()) : new Map();
  const prepared = new Map<TargetPath, Prepared>();
  const hashed = await openHashedFiles(files.directory, operation.now);
  const knownIndexes = indexesOf(await readFiles(operation));
  const { onProgress } = options;
  const createTargetSender = senders(operation, {
    count: wanted.size,
    sent: createSent(storedBefore(operation)),
    onProgress,
  });
  await forEachConcurrently(wanted, operation.concurrency, async ([path, { parts, custom }]) => {
    const before = staged.get(path);
    const known = before === undefined ? targets.get(path) : before.kind === "put" ? before.file : undefined;
    const mayBeSame =
      options.same === "keep" && known !== undefined && ((await findLength(parts)) ?? known.length) === known.length;
    const sender = options.effect === "none" ? undefined : createTargetSender();
    const replaced = targets.get(path);
    const reading = { path, hashed, knownIndexes, replaced, sender: mayBeSame ? undefined : sender };
    const read = { path, ...(await readParts(operation, targets, { parts, custom, ...options, ...reading })) };
    if (mayBeSame && isSame(known, read.file, custom)) {
      for (const blob of read.blobs) reportStored(onProgress, blob);
      return;
    }
    prepared.set(path, read);
    if (sender !== undefined) await uploadTarget(sender, { ...read, owner: targetKeeper({ size }, kind) });
  });
  return [...wanted.keys()].flatMap((path) => prepared.get(path) ?? []);
}

/** Of the targets, and of those that they are made of. */
function namesOf(wanted: Wanted): ReadonlySet<TargetPath> {
  const parts = [...wanted.values()].flatMap(({ parts }) => parts);
  const named = parts.flatMap((part) => (part.kind === "target" ? [parseTargetPath(part.name)] : []));
  return new Set([...wanted.keys(), ...named]);
}

interface UploadAll {
  readonly targets: readonly Prepared[];
  readonly owner: "target" | "role";
  readonly options: PushTargetsOptions;
}

/** Uploads all blobs, also those that were uploaded before. */
async function uploadAll(operation: Operation, { targets, owner, options }: UploadAll): Promise<void> {
  const { onProgress } = options;
  const createTargetSender = senders(operation, { count: targets.length, sent: createSent([]), onProgress });
  await forEachConcurrently(targets, operation.concurrency, ({ path, file, blobs, companions }) => {
    const due = blobs.map((blob): Blob => ({ ...blob, upload: "due" }));
    return uploadTarget(createTargetSender(), { path, file, blobs: due, companions, owner });
  });
}

/**
 * Every release refers to the empty config, so that the registry has kept it since the first. If it has not, it refuses the
 * target's manifest, and the config is put then.
 */
function storedBefore(operation: Operation): readonly Digest[] {
  return operation.state().published === undefined ? [] : [emptyConfig.digest];
}

/** Senders that share what was sent. They limit the simultaneous uploads of all targets together to those of one. */
function senders(operation: Operation, { count, sent, onProgress }: Senders): () => Sender {
  const { store, signal } = operation;
  const concurrency = Math.max(1, Math.floor(operation.concurrency / Math.max(1, count)));
  const shared = { sent, isLikelyThere: likelySizes(operation), onProgress };
  return () => createSender({ store, signal, concurrency }, shared);
}

interface Senders extends Pick<ProgressOptions, "onProgress"> {
  /** Number of targets. */
  readonly count: number;
  readonly sent: Sent;
}

/** Blobs of the sizes of signed and staged ones are likely there, and of the sizes of others that were asked about. */
function likelySizes(operation: Operation): (size: number) => Promise<boolean> {
  let sizes: Promise<Set<number>> | undefined;
  const find = async (): Promise<Set<number>> => new Set((await readFiles(operation)).flatMap(sizesOf));
  return async (size) => {
    const known = await (sizes ??= find());
    const isKnown = known.has(size);
    known.add(size);
    return isKnown;
  };
}

/** Signed and staged. */
async function readFiles(operation: Operation): Promise<readonly TargetFile[]> {
  const files = [...(await readSignedTargets(operation, [])).values()];
  for (const change of (await operation.files.readStaged(operation.state())).values())
    if (change.kind === "put") files.push(change.file);
  return files;
}

function sizesOf(file: TargetFile): readonly number[] {
  try {
    return findTargetBlobs(file)?.map(({ size }) => size) ?? [];
  } catch (error) {
    if (!FormatError.is(error)) throw error;
    return [];
  }
}

/** A file without custom metadata of its own keeps the existing one. */
function isSame(known: TargetFile, file: TargetFile, custom: JsonObject | undefined): boolean {
  const sha256 = file.hashes.get("sha256");
  if (known.length !== file.length || sha256 === undefined || known.hashes.get("sha256") !== sha256) return false;
  return custom === undefined || JSON.stringify(withCustom(known, custom).custom) === JSON.stringify(known.custom);
}

interface Describe {
  readonly wanted: Wanted;
  readonly prepared: readonly Prepared[];
  readonly options: PushTargetsOptions;
}

async function describe(
  operation: Operation,
  { wanted, prepared, options }: Describe,
): Promise<Pushed & { readonly changes: StagedTargets }> {
  const targets = await readSignedTargets(operation, options.deleteOthers === undefined ? wanted.keys() : "all");
  const changes = new Map<TargetPath, Staged>();
  for (const path of await findGone(operation, targets, { wanted, options })) changes.set(path, { kind: "delete" });
  for (const { path, file } of prepared) changes.set(path, { kind: "put", file });
  const staged: readonly StagedTarget[] = [...changes]
    .map(
      ([path, change]) =>
        describeStaged(targets, new Map([[path, change]]))[0] ?? { path, change: "delete" as const, fields: [] },
    )
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { prepared, changes, staged, unchanged: [...wanted.keys()].filter((path) => !changes.has(path)) };
}

/** Signed or staged names that begin with the prefix and are not among the pushed ones. */
async function findGone(
  operation: Operation,
  targets: TargetMap,
  { wanted, options: { deleteOthers } }: Pick<Describe, "wanted" | "options">,
): Promise<readonly TargetPath[]> {
  if (deleteOthers === undefined) return [];
  const staged = await operation.files.readStaged(operation.state());
  const names = new Set([...targets.keys(), ...staged.keys()]);
  return [...names].filter(
    (path) => path.startsWith(deleteOthers) && !wanted.has(path) && staged.get(path)?.kind !== "delete",
  );
}

/** Stages other custom metadata for signed or staged targets. Makes no request. */
export async function setCustom(
  workplace: Workplace,
  names: readonly string[],
  { custom, signal }: { readonly custom: JsonObject; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  verifyCustom(custom);
  await workplace.alone(signal, async (operation) => {
    const targets = await readSignedTargets(operation, names.map(parseTargetPath));
    const changes = new Map<TargetPath, Staged>();
    for (const name of names) {
      const { file } = await readKnown(operation, targets, name);
      changes.set(parseTargetPath(name), { kind: "put", file: withCustom(file, custom) });
    }
    await stageAll(operation, changes);
  });
}
