/** Updates the record after each event: metadata was created, a base was accepted, a release was published. */
import { blobDigest, metadataFileName, type MetadataIndex } from "@dtuf/format";
import { digestHex, digestOf, type Digest } from "@dtuf/registry";
import type { Base } from "../published/base.ts";
import { MasterError } from "../errors.ts";
import { pushedMark } from "../state/pushed-mark.ts";
import type { SignedFile } from "../documents/plan.ts";
import type { Operation } from "../state/operation.ts";
import type { Draft, Coverage } from "./sign.ts";
import type { FileRecord, LastRelease, State } from "../state/state.ts";

type HeadFiles = Readonly<Record<keyof LastRelease, SignedFile>>;

/** Metadata is written to the disk before a record names it. */
export async function saveHead(operation: Operation, files: HeadFiles): Promise<LastRelease> {
  return {
    timestamp: await saveFile(operation, files.timestamp),
    snapshot: await saveFile(operation, files.snapshot),
    targets: await saveFile(operation, files.targets),
  };
}

export async function saveRoots(operation: Operation, roots: readonly SignedFile[]): Promise<readonly FileRecord[]> {
  const known = new Set(operation.record?.roots.map((root) => root.sha256));
  const saved: FileRecord[] = [];
  for (const root of roots) {
    const sha256 = digestHex(digestOf(root.bytes));
    saved.push(known.has(sha256) ? { version: root.version, sha256 } : await saveFile(operation, root));
  }
  return saved;
}

function saveFile({ files }: Operation, { version, bytes }: SignedFile): Promise<FileRecord> {
  return files.saveMetadata(version, bytes);
}

export function headFilesOf(base: Base): HeadFiles {
  const file = ({ signed, bytes }: Base["timestamp" | "snapshot" | "targets"]): SignedFile => ({
    version: signed.version,
    bytes,
  });
  return { timestamp: file(base.timestamp), snapshot: file(base.snapshot), targets: file(base.targets) };
}

/**
 * Saves in the record the release that another publisher published, or an earlier run of this one that was interrupted
 * after it moved `latest`.
 * @throws MasterError MASTER_PUBLISHER_RACE if that release changed the root and another change of the root is staged
 * here
 */
export async function acceptBase(operation: Operation, base: Base, isUnmoved = false): Promise<void> {
  const state = operation.state();
  const roots = await saveRoots(operation, base.roots);
  const head = await saveHead(operation, headFilesOf(base));
  const ours = state.attempt !== undefined && state.attempt.release === base.release ? state.attempt : undefined;
  const { left, lost } = splitStagedRoots(state, roots);
  await operation.save({
    ...pinned({ ...state, roots }),
    head,
    published: base.release,
    unmoved: isUnmoved || undefined,
    ...(ours?.carries === "staged" ? { pushed: pushedMark(base.snapshot.bytes) } : {}),
    stagedRoots: left,
    attempt: undefined,
    generation: ours?.carries === "staged" ? state.staging : state.generation,
  });
  if (lost.length === 0) return;
  throw new MasterError(
    "MASTER_PUBLISHER_RACE",
    "another publisher changed the root: what was signed here no longer follows it",
    {
      details: { lost: lost.map((root) => String(root.version)) },
    },
  );
}

/** The record after the staged roots of a release are published. */
export function withPublishedRoots(state: State, { files }: MetadataIndex): State {
  const isPublished = ({ version, sha256 }: FileRecord): boolean =>
    files.get(metadataFileName("root", version))?.digest === blobDigest(new Map([["sha256", sha256]]));
  return pinned({ ...state, roots: [...state.roots, ...state.stagedRoots.filter(isPublished)] });
}

/** Staged roots that are now published, or that contradict published ones, are not staged any more. */
function splitStagedRoots(state: State, roots: readonly FileRecord[]): { left: FileRecord[]; lost: FileRecord[] } {
  const newest = roots.at(-1)?.version ?? 0;
  const published = new Set(roots.map((root) => root.sha256));
  const lost = state.stagedRoots.filter((root) => root.version <= newest && !published.has(root.sha256));
  return { left: lost.length > 0 ? [] : state.stagedRoots.filter((root) => root.version > newest), lost };
}

/** Once a root that replaced the chain is published, it is the publisher's pinned root. */
function pinned(state: State): State {
  const { stagedPin } = state;
  if (stagedPin === undefined || !state.roots.some((root) => root.version === stagedPin)) return state;
  return { ...state, pin: stagedPin, stagedPin: undefined };
}

interface Publication extends Pick<State, "delegated" | "pushRecord"> {
  readonly draft: Draft;
  readonly release: Digest;
  readonly coverage: Coverage;
}

/** After `latest` was moved, the draft becomes the record, and its changes are not staged any more. */
export async function commitRelease(
  operation: Operation,
  { draft, release, coverage, delegated, pushRecord }: Publication,
): Promise<void> {
  const state = operation.state();
  const roots = await saveRoots(operation, draft.roots);
  const head = await saveHead(operation, draft);
  await operation.save({
    ...pinned({ ...state, roots }),
    head,
    delegated,
    published: release,
    unmoved: undefined,
    ...(coverage.kind === "online" ? {} : { pushed: pushedMark(draft.snapshot.bytes) }),
    // A push without a record invalidates the older record, which does not name it.
    pushRecord: coverage.kind === "online" ? (pushRecord ?? state.pushRecord) : pushRecord,
    stagedRoots: coverage.kind === "all" ? [] : splitStagedRoots(state, roots).left,
    attempt: undefined,
    generation: coverage.kind === "all" ? state.staging : state.generation,
  });
  await operation.files.sweep(operation.state(), () => operation.now);
}
