/**
 * Transfers of blobs for a whole run. Each blob is sent to a registry (or written to a disk) once: a second repository
 * mounts it from the first, and a second image of one repository waits for the transfer of the first.
 */
import {
  createLimiter,
  hasCapability,
  OciError,
  type Descriptor,
  type Digest,
  type Limiter,
  type ProgressCallback,
  type ReadStore,
  type WriteStore,
} from "@dtuf/registry";
import { MirrorError } from "../errors.ts";
import { isForeignLayer } from "./references.ts";

/** A repository, with the data that decides whether two repositories can mount from each other. */
export interface Located<Store extends ReadStore = ReadStore> {
  readonly store: Store;
  /** The registry, or another common storage. Mounting is possible only within a realm. */
  readonly realm: string;
  /** Name of this repository for `mount`. */
  readonly name: string;
  /** "local": checks cost no request. */
  readonly distance: "remote" | "local";
  /** Runs work while no other copy writes here. Undefined: copies do not harm each other. */
  readonly exclusively?: Exclusively | undefined;
}

export type Exclusively = <T>(work: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

/** Counts of transferred content. */
export interface Tally {
  sentBlobs: number;
  sentBytes: number;
  /** Linked or mounted from elsewhere in the same realm. */
  mountedBlobs: number;
  /** Already at the destination, or sent with another image of this run. */
  presentBlobs: number;
  manifests: number;
}

export function createTally(): Tally {
  return { sentBlobs: 0, sentBytes: 0, mountedBlobs: 0, presentBlobs: 0, manifests: 0 };
}

export function addTally(total: Tally, more: Readonly<Tally>): void {
  for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += more[key];
}

export interface BlobTransfer {
  readonly from: Located;
  readonly to: Located<WriteStore>;
  readonly blob: Descriptor;
  readonly tally: Tally;
  readonly present: PresentContent;
  readonly signal: AbortSignal | undefined;
}

/** Content that the destination has under the right digest and size: "trust" accepts it, "verify" reads it. */
export type PresentContent = "trust" | "verify";

export interface Transfers {
  /** Bounds requests and open files. Waiting for another transfer does not count. */
  readonly limiter: Limiter;
  /** Resolves when the blob is in `to`. @throws MirrorError MIRROR_CONTENT_MISSING; errors of the stores */
  transfer(blob: BlobTransfer): Promise<void>;
}

export interface TransferOptions {
  readonly concurrency: number;
  readonly onProgress?: ProgressCallback | undefined;
}

export function createTransfers({ concurrency, onProgress }: TransferOptions): Transfers {
  const limiter = createLimiter(concurrency);
  const inRepository = new Map<string, Promise<void>>();
  const inRealm = new Map<string, Promise<string>>();

  async function transferOnce(job: BlobTransfer): Promise<void> {
    const key = `${job.to.realm}\n${job.blob.digest}`;
    const elsewhere = inRealm.get(key);
    const placing = mountOrSend(job, elsewhere, { limiter, onProgress });
    const name = placing.then(() => job.to.name);
    name.catch(() => undefined);
    if (elsewhere === undefined) {
      inRealm.set(key, name);
      name.catch(() => inRealm.delete(key));
    }
    await placing;
  }

  return {
    limiter,
    async transfer(job) {
      const key = `${job.to.realm}\n${job.to.name}\n${job.blob.digest}`;
      const known = inRepository.get(key);
      if (known !== undefined) {
        await known;
        job.tally.presentBlobs += 1;
        return;
      }
      const placing = transferOnce(job);
      inRepository.set(key, placing);
      // After a failure, the next image that needs the blob tries again.
      await placing.catch((error: unknown) => {
        inRepository.delete(key);
        throw error;
      });
    },
  };
}

interface Sending {
  readonly limiter: Limiter;
  readonly onProgress: ProgressCallback | undefined;
}

async function mountOrSend(
  job: BlobTransfer,
  elsewhere: Promise<string> | undefined,
  { limiter, onProgress }: Sending,
): Promise<void> {
  const sibling = await elsewhere?.catch(() => undefined);
  const source = job.from.realm === job.to.realm ? job.from.name : undefined;
  const isToBeRead = job.present === "verify" && (await limiter(() => job.to.store.has(job.blob, job)));
  if (isToBeRead) return limiter(() => send(job, onProgress));
  for (const name of new Set([sibling, source])) {
    if (name === undefined || name === job.to.name || !(await limiter(() => mount(job, name)))) continue;
    if (isVerified(job)) await limiter(() => readThrough(job));
    return;
  }
  await limiter(() => send(job, onProgress));
}

async function mount({ to, blob, tally, signal }: BlobTransfer, name: string): Promise<boolean> {
  if (!hasCapability(to.store, "mount")) return false;
  if (to.distance === "local" && (await to.store.has(blob, { signal }))) {
    tally.presentBlobs += 1;
    return true;
  }
  const mounted = await to.store.mount(blob, name, { signal });
  if (mounted) tally.mountedBlobs += 1;
  return mounted;
}

async function send(job: BlobTransfer, onProgress: ProgressCallback | undefined): Promise<void> {
  const { from, to, blob, tally, present, signal } = job;
  if (isForeignLayer(blob) && !(await from.store.has(blob, { signal }))) return;
  // With "verify", `put` reads a blob on a disk and replaces it if it is damaged.
  if (present === "trust" && to.distance === "local" && (await to.store.has(blob, { signal }))) {
    tally.presentBlobs += 1;
    return;
  }
  let opened = false;
  await to.store.put(
    blob,
    {
      async *open(offset) {
        opened = true;
        yield* readFrom(from.store, blob, { offset, signal });
      },
    },
    { signal, onProgress },
  );
  const { digest, size } = blob;
  onProgress?.({
    step: "upload",
    kind: "content",
    name: digest,
    digest,
    bytes: size,
    totalBytes: size,
    isStored: true,
  });
  if (opened) {
    tally.sentBlobs += 1;
    tally.sentBytes += blob.size;
  } else tally.presentBlobs += 1;
  if (!isVerified(job)) return;
  if (!opened) await readThrough(job);
  else if (!(await to.store.has(blob, { signal }))) throw notKept("blob", blob.digest);
}

/** Whether content of the destination is to be read. On a local disk `put` does it. */
export function isVerified({ present, to }: Pick<BlobTransfer, "present" | "to">): boolean {
  return present === "verify" && to.distance === "remote";
}

/**
 * @throws OciError OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH: the blob at the destination is damaged; only the owner of the
 * registry can repair it; MirrorError MIRROR_NOT_KEPT
 */
async function readThrough({ to, blob, signal }: BlobTransfer): Promise<void> {
  const stream = await to.store.open(blob, { signal });
  if (stream === undefined) throw notKept("blob", blob.digest);
  const chunks = stream[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true) signal?.throwIfAborted();
}

/** Always reads from the beginning, because only the whole blob can be verified. */
async function* readFrom(
  store: ReadStore,
  blob: Descriptor,
  { offset, signal }: { readonly offset: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const stream = await store.open(blob, { signal });
  if (stream === undefined) throw contentMissing("blob", blob.digest);
  let passed = 0;
  for await (const chunk of stream) {
    const skip = Math.min(chunk.length, Math.max(0, offset - passed));
    passed += chunk.length;
    if (skip < chunk.length) yield chunk.subarray(skip);
  }
}

/** Whether the error says that a store has other bytes than it should. */
export function isDamage(error: unknown): boolean {
  return OciError.is(error) && damageCodes.has(error.code);
}

const damageCodes: ReadonlySet<string> = new Set([
  "OCI_DIGEST_MISMATCH",
  "OCI_SIZE_MISMATCH",
  "OCI_MANIFEST_INVALID",
  "OCI_DESCRIPTOR_INVALID",
  "OCI_DIGEST_INVALID",
  "OCI_RESPONSE_INVALID",
]);

export function notKept(kind: "blob" | "manifest", digest: Digest): MirrorError {
  return new MirrorError("MIRROR_NOT_KEPT", `the destination accepted the ${kind} ${digest} and does not have it`, {
    details: { digest },
  });
}

export function contentMissing(kind: "blob" | "manifest", digest: Digest): MirrorError {
  return new MirrorError("MIRROR_CONTENT_MISSING", `the source does not have the ${kind} ${digest}`, {
    details: { digest },
  });
}
