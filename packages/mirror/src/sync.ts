/**
 * Executes a plan: several images at a time, each complete or absent at its destination. Images that are already there are
 * not written. After a failure the others continue if the options say so, and the report always has every failure.
 */
import { forEachConcurrently, OciError, parseTag, type TagName } from "@dtuf/registry";
import { createDirStore } from "./directories/dir-store.ts";
import { compareImage, copyImageBetween } from "./images/copy-image.ts";
import { findLeftBehind } from "./images/copy-referrers.ts";
import { deleteGone } from "./delete-gone.ts";
import { MirrorError } from "./errors.ts";
import type { ImageCopy } from "./images/manifest-tree.ts";
import { planSync, type PlannedImage } from "./plan.ts";
import type { ImageReport, SyncReport } from "./report.ts";
import type { SourceFailure, Sources } from "./sources/source.ts";
import { syncDefaults, type ResolvedOptions, type SyncOptions } from "./sync-options.ts";
import { addTally, createTally, createTransfers, type Tally, type Transfers } from "./images/transfers.ts";

/**
 * Copies the images of the sources to their destinations. Failures of single images are in the report.
 * @throws MirrorError MIRROR_COLLISION before any request; the signal's reason
 */
export async function sync(sources: Sources, given: SyncOptions): Promise<SyncReport> {
  const options = { ...syncDefaults, ...given };
  const plan = planSync(sources.images, options.naming);
  const run: Run = {
    options,
    transfers: createTransfers(options),
    tally: createTally(),
    stopped: false,
  };
  const failures = [...sources.failures, ...plan.failures].map((failure) => reportFailure(run, failure));
  const reports = new Map<PlannedImage, ImageReport>();
  await forEachConcurrently(plan.images, options.images, async (image) => {
    options.signal?.throwIfAborted();
    const report = run.stopped ? skipped(image) : await syncImage(run, image);
    if (report.status === "failed" && options.onFailure === "stop") run.stopped = true;
    reports.set(image, report);
    options.onImage?.(report);
  });
  await lookForLeftBehind(run, reports);
  const images = [...failures, ...plan.images.map((image) => reports.get(image) ?? skipped(image))];
  const deleted = options.deletion === "keep" ? [] : await deleteGone({ sources, plan, images }, options);
  return { images: [...images, ...deleted], transferred: run.tally, sources: sources.count };
}

/** Runs after all images, because a referrer may have been copied as another image. */
async function lookForLeftBehind(run: Run, reports: Map<PlannedImage, ImageReport>): Promise<void> {
  const { leftBehind: looking, referrers, images, signal, onImage } = run.options;
  if (looking === "ignore" || referrers !== "leave") return;
  await forEachConcurrently([...reports], images, async ([image, report]) => {
    if (report.digest === undefined) return;
    try {
      const leftBehind = await findLeftBehind(await prepare(run, image), report.digest);
      reports.set(image, { ...report, leftBehind });
    } catch (error) {
      signal?.throwIfAborted();
      if (looking !== "require") return;
      const failed = { ...report, status: "failed", error } as const;
      reports.set(image, failed);
      onImage?.(failed);
    }
  });
}

interface Run {
  readonly options: ResolvedOptions;
  readonly transfers: Transfers;
  readonly tally: Tally;
  stopped: boolean;
}

function reportFailure({ options }: Run, { name, error }: SourceFailure): ImageReport {
  const report: ImageReport = { status: "failed", source: name, destination: undefined, error };
  options.onImage?.(report);
  return report;
}

function skipped({ source, name }: PlannedImage): ImageReport {
  return { status: "skipped", source: source.name, destination: name };
}

async function syncImage(run: Run, image: PlannedImage): Promise<ImageReport> {
  const { signal, retry, sleep } = run.options;
  const named = { source: image.source.name, destination: image.name };
  for (let tried = 0; ; tried++) {
    try {
      return { ...named, ...(await syncOnce(run, image)) };
    } catch (error) {
      signal?.throwIfAborted();
      if (tried >= retry.times || !isPassing(error)) return { ...named, status: "failed", error };
      await sleep(retry.delayMs ?? 1000 * 2 ** tried, signal);
    }
  }
}

/** Whether a retry may succeed. The transport has already retried several times. */
function isPassing(error: unknown): boolean {
  const codes = ["OCI_UNAVAILABLE", "OCI_SIZE_MISMATCH", "OCI_DIGEST_MISMATCH", "OCI_RESPONSE_INVALID"];
  return OciError.is(error) && codes.includes(error.code);
}

async function syncOnce(run: Run, image: PlannedImage): Promise<Pick<ImageReport, "status" | "digest" | "leftBehind">> {
  const { options } = run;
  if (options.signatures === "keep") await verifyNoSignatures(image);
  const copy = await prepare(run, image);
  if (options.mode === "copy") {
    try {
      const { status, descriptor, leftBehind } = await copyImageBetween(copy);
      return { status, digest: descriptor.digest, leftBehind };
    } finally {
      addTally(run.tally, copy.tally);
    }
  }
  const { status, root } = await compareImage(copy);
  return { status: status === "unchanged" ? "unchanged" : "would-copy", digest: root.digest };
}

async function prepare({ options, transfers }: Run, { source, destination }: PlannedImage): Promise<ImageCopy> {
  const { at, tag, digest } = await options.destinations.locate(destination);
  const { referrers, present, signal } = options;
  // A digest names one manifest, so that all its platforms are copied.
  const platforms = source.tag === undefined && source.digest !== undefined ? "all" : options.platforms;
  const reference = source.tag ?? source.digest ?? anyName;
  const expected = source.digest ?? digest;
  return {
    from: source.at,
    to: at,
    name: source.name,
    reference,
    expected,
    tag,
    platforms,
    referrers,
    present,
    transfers,
    tally: createTally(),
    signal,
  };
}

/** A directory has one image, which is found by any name. */
const anyName: TagName = parseTag("image");

/**
 * Refuses an image with simple signing signatures, because only a directory can hold them.
 * @throws MirrorError MIRROR_SIGNATURES
 */
async function verifyNoSignatures({ source }: PlannedImage): Promise<void> {
  if (source.kind !== "directory") return;
  const count = await createDirStore({ directory: source.at.name, now: () => new Date(0) }).countSignatures();
  if (count === 0) return;
  throw new MirrorError(
    "MIRROR_SIGNATURES",
    `${source.name} has ${count} signatures that the destination cannot hold`,
    {
      details: { image: source.name, signatures: count },
    },
  );
}
