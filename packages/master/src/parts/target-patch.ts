/** Patches to a target from older versions of it, and its compressed copy, made after the target's parts were read. */
import { chooseAverage, indexStream, planAlone, planSegments, type ChunkIndex } from "@dtuf/delta";
import {
  betweenMaxBytes,
  emptySha256,
  findPatchChains,
  findTargetPatches,
  patchesMax,
  type TargetPatch,
} from "@dtuf/format";
import { digestHex, fileContent, type ByteStream } from "@dtuf/registry";
import { findFileSize } from "@dtuf/registry/files";
import { MasterError } from "../errors.ts";
import { patchMostShare } from "../limits.ts";
import type { Operation } from "../state/operation.ts";
import { openArchives } from "./archive-pair.ts";
import { openOlder, type OlderVersion, type PatchedTarget } from "./older-version.ts";
import { writePatch, type MadePatch } from "./patch-file.ts";
import type { Scratch } from "./scratch.ts";

/**
 * Those that save enough, at most `patchesMax`; none without `scratch`. Patches of the older version stay, as steps on the way to this one.
 * @throws FileError; MasterError; OciError
 */
export async function makePatches(
  operation: Operation,
  { scratch, ...request }: Omit<PatchedTarget, "scratch"> & { readonly scratch?: Scratch | undefined },
): Promise<readonly MadePatch[]> {
  if (scratch === undefined) return [];
  const target = { ...request, scratch };
  const older = await openOlder(operation, target);
  const made = older && (await fromFile(operation, target, older.path));
  const copy = target.compress === true ? await compressedCopy(operation, target) : undefined;
  const fresh = [made, copy].filter((each) => each !== undefined);
  const steps =
    made === undefined || older === undefined ? [] : await stepsTo(operation, { target, older, made: made.patch });
  return [...fresh, ...steps].slice(0, patchesMax);
}

async function compressedCopy(operation: Operation, target: PatchedTarget): Promise<MadePatch | undefined> {
  const { length, digest, scratch } = target;
  return writePatch({
    from: emptySha256,
    oldLength: 0,
    to: { length, sha256: digestHex(digest) },
    planned: planAlone(length),
    content: contentOf(operation, target),
    old: undefined,
    most: patchMostShare * length,
    path: await scratch.path(),
    signal: operation.signal,
  });
}

interface Steps {
  readonly target: PatchedTarget;
  readonly older: OlderVersion;
  readonly made: TargetPatch;
}

/** The patches of the older version, if chains of them cost less than the target and the registry has them. */
async function stepsTo(
  { store, signal }: Operation,
  { target: { length }, older: { file }, made }: Steps,
): Promise<readonly MadePatch[]> {
  const sha256 = file?.hashes.get("sha256");
  if (file === undefined || sha256 === undefined || sha256 !== made.from) return [];
  const earlier = findTargetPatches(file)
    .filter(({ from }) => from !== emptySha256)
    .map((patch): TargetPatch => ({ to: { sha256, length: file.length }, ...patch }));
  const all = [made, ...earlier];
  const isUseful = ({ from, to }: TargetPatch): boolean =>
    (to?.length ?? 0) <= betweenMaxBytes(length) &&
    findPatchChains(all, from).some(
      (chain) => chain.reduce((sum, { blob }) => sum + blob.size, 0) < patchMostShare * length,
    );
  const steps: MadePatch[] = [];
  for (const patch of earlier) {
    if (!isUseful(patch) || !(await store.has(patch.blob, { signal }))) continue;
    steps.push({ patch, blob: { descriptor: patch.blob, item: "patch", upload: "due" } });
  }
  return steps;
}

async function fromFile(operation: Operation, target: PatchedTarget, path: string): Promise<MadePatch | undefined> {
  if ((await findFileSize(path, { followLinks: true })) === undefined) {
    throw new MasterError("MASTER_PART_INVALID", `there is no ${path} to make a patch from`, { details: { path } });
  }
  const { signal } = operation;
  const { scratch, chunkBytes, length, digest } = target;
  const average = chunkBytes ?? chooseAverage(length);
  const open = (): ByteStream => contentOf(operation, target);
  const old = await indexStream(fileContent(path).open(0), { average, signal });
  const content = await indexStream(open(), { average, signal });
  if (old === undefined || content === undefined || old.sha256 === content.sha256) return undefined;
  if (content.sha256 !== digestHex(digest)) throw changed(target);
  const most = patchMostShare * missingBytes(content, old);
  const common = { from: old.sha256, most, path: await scratch.path(), signal };
  const opened = await openArchives({ old: path, length, open, average, scratch, signal });
  if (opened === undefined) {
    const planned = planSegments(content, old);
    return (
      planned && writePatch({ ...common, oldLength: old.length, to: content, planned, content: open(), old: path })
    );
  }
  const { archive, indexes } = opened;
  const planned = planSegments(indexes.content, indexes.old);
  const inside = { archive, old: opened.old, content: fileContent(opened.content).open(0) };
  const lengths = { oldLength: indexes.old.length, to: indexes.content };
  return planned && writePatch({ ...common, ...inside, ...lengths, planned });
}

/** What a client that has the old content would fetch without the patch. */
function missingBytes(content: ChunkIndex, old: ChunkIndex): number {
  const keys = (index: ChunkIndex): readonly (readonly [string, number])[] =>
    Array.from({ length: index.count }, (_, number) => {
      const { sha256, length } = index.chunk(number);
      return [Buffer.from(sha256).toString("hex"), length] as const;
    });
  const held = new Map(keys(old));
  return keys(content).reduce((sum, [key, length]) => (held.has(key) ? sum : sum + length), 0);
}

/** The parts again, in order. */
async function* contentOf({ store, signal }: Operation, { blobs }: PatchedTarget): ByteStream {
  for (const { content, descriptor } of blobs) {
    const stream = content === undefined ? await store.open(descriptor, { signal }) : content.open(0);
    if (stream !== undefined) yield* stream;
  }
}

function changed({ blobs }: PatchedTarget): MasterError {
  const [path = ""] = blobs.map(({ item }) => item);
  return new MasterError("MASTER_PART_INVALID", `${path} changed while it was read`, { details: { path } });
}
