/**
 * Uploads targets now and stages their metadata. Every file is read twice, first for its digest, then for the upload,
 * and is never held in memory whole; the store refuses a file that changes in between. Uploading takes no lock, so that
 * a release can be refreshed at the same time. If bytes were pruned meanwhile, the upload is repeated under the lock
 * before it is staged. All changes of a call are staged by one write.
 */
import { targetKeeper } from "@dtuf/format";
import { emptyConfig, forEachConcurrently, type Digest } from "@dtuf/registry";
import { parseTargetPath, type JsonObject, type TargetFile, type TargetPath } from "@dtuf/tuf";
import { describeStaged, type Staged, type StagedTargets, type TargetMap } from "./documents/changes.ts";
import { parseTargetName, verifyCustom } from "./documents/target-name.ts";
import type { NewTarget, ProgressOptions, PushedTargets, PushTargetsOptions, StagedTarget } from "./contract.ts";
import {
  hashParts,
  readKnown,
  readSignedTargets,
  reportStored,
  uploadTarget,
  withCustom,
  type Hashed,
} from "./push-target.ts";
import { createSent, type Uploader } from "./release/upload.ts";
import type { Operation, Workplace } from "./state/operation.ts";

/** @throws MasterError; OciError; TypeError if there are no parts */
export async function pushTarget(
  workplace: Workplace,
  target: NewTarget,
  options: ProgressOptions,
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

interface Prepared extends Hashed {
  readonly path: TargetPath;
}

interface Pushed extends PushedTargets {
  readonly prepared: readonly Prepared[];
}

async function push(workplace: Workplace, wanted: Wanted, options: PushTargetsOptions): Promise<Pushed> {
  const { signal, effect = "push" } = options;
  if (effect === "none") {
    return workplace.look(signal, async (operation) =>
      describe(operation, { wanted, prepared: await prepare(operation, wanted, options), options }),
    );
  }
  const { prunes } = await workplace.alone(signal, async (operation) => operation.state());
  const prepared = await workplace.look(signal, (operation) => prepare(operation, wanted, options));
  return workplace.alone(signal, async (operation) => {
    const state = operation.state();
    if (state.prunes !== prunes) await uploadAll(operation, { targets: prepared, owner: "target", options });
    const pushed = await describe(operation, { wanted, prepared, options });
    await stageAll(operation, pushed.changes);
    return pushed;
  });
}

async function stageAll(operation: Operation, changes: StagedTargets): Promise<void> {
  const [first, ...more] = changes;
  if (first === undefined) return;
  if (more.length === 0) await operation.files.stage(operation.state(), ...first);
  else await operation.files.stageTogether(operation.state(), changes);
}

/**
 * Hashes the targets and, unless `effect` is "none", uploads them. With `same: "keep"` unchanged targets are left out.
 */
async function prepare(
  operation: Operation,
  wanted: Wanted,
  options: PushTargetsOptions,
): Promise<readonly Prepared[]> {
  const targets = await readSignedTargets(operation);
  const { files } = operation;
  const size = targets.size + (await files.countStaged(operation.state())) + wanted.size - 1;
  const staged: StagedTargets = options.same === "keep" ? await files.readStaged(operation.state()) : new Map();
  const { onProgress } = options;
  const prepared = new Map<TargetPath, Prepared>();
  const each = shareOf(operation, wanted.size);
  const sent = createSent(storedBefore(operation));
  await forEachConcurrently(wanted, operation.concurrency, async ([path, { parts, custom }]) => {
    const hashed = { path, ...(await hashParts(operation, targets, { parts, custom, ...options })) };
    const before = staged.get(path);
    const known = before === undefined ? targets.get(path) : before.kind === "put" ? before.file : undefined;
    if (options.same === "keep" && known !== undefined && isSame(known, hashed.file, custom)) {
      for (const { item, descriptor } of hashed.blobs) reportStored(onProgress, item, descriptor);
      return;
    }
    prepared.set(path, hashed);
    if (options.effect === "none") return;
    await uploadTarget(each, { ...hashed, owner: targetKeeper({ size }, "role"), sent, onProgress });
  });
  return [...wanted.keys()].flatMap((path) => prepared.get(path) ?? []);
}

interface UploadAll {
  readonly targets: readonly Prepared[];
  readonly owner: "target" | "role";
  readonly options: PushTargetsOptions;
}

async function uploadAll(operation: Operation, { targets, owner, options }: UploadAll): Promise<void> {
  const each = shareOf(operation, targets.length);
  const sent = createSent([]);
  await forEachConcurrently(targets, operation.concurrency, (target) =>
    uploadTarget(each, { ...target, owner, sent, onProgress: options.onProgress }),
  );
}

/**
 * Every release refers to the empty config, so that the registry has kept it since the first. If it has not, it refuses the
 * target's manifest, and the config is put then.
 */
function storedBefore(operation: Operation): readonly Digest[] {
  return operation.state().published === undefined ? [] : [emptyConfig.digest];
}

/** Limits the simultaneous uploads of all targets together to those of one. */
function shareOf({ store, signal, concurrency }: Operation, targets: number): Uploader {
  return { store, signal, concurrency: Math.max(1, Math.floor(concurrency / Math.max(1, targets))) };
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
  const targets = await readSignedTargets(operation);
  const changes = new Map<TargetPath, Staged>();
  for (const path of await findGone(operation, targets, { wanted, options })) changes.set(path, { kind: "delete" });
  for (const { path, file } of prepared) changes.set(path, { kind: "put", file });
  const staged: readonly StagedTarget[] = [...changes]
    .map(
      ([path, change]) => describeStaged(targets, new Map([[path, change]]))[0] ?? { path, change: "delete" as const },
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
    const targets = await readSignedTargets(operation);
    const changes = new Map<TargetPath, Staged>();
    for (const name of names) {
      const { file } = await readKnown(operation, targets, name);
      changes.set(parseTargetPath(name), { kind: "put", file: withCustom(file, custom) });
    }
    await stageAll(operation, changes);
  });
}
