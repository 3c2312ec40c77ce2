/**
 * Uploads content that was not read before: one PATCH with everything, hashed while it is sent, and a PUT with the digest. Every
 * registry supports this, because docker pushes so. If the PATCH fails, or the link is so slow that it pays to ask first whether
 * the registry has the content, the reading is completed for its digest. Then the rest is sent as the rest of any other
 * upload: read again, and refused if it is not the content that was hashed.
 */
import type { ByteStream } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { OciError } from "../../errors.ts";
import { createFirstReading, type FirstReading } from "../../first-reading.ts";
import type { NewContent, PutOptions } from "../../store.ts";
import { isUnavailable, type Repository } from "../requests/context.ts";
import { slowLinkMs, slowLinkShare, slowUploadMs } from "../requests/store-limits.ts";
import { hasBlob } from "./blobs.ts";
import { putBlob, type BegunUpload } from "./blob-upload.ts";
import { cancelUpload, closeUpload, sendPart, sessionOf, startUpload, type UploadSession } from "./upload-session.ts";

interface Streaming {
  readonly repository: Repository;
  readonly content: NewContent;
  readonly reading: FirstReading;
  readonly options: PutOptions;
  /** The first reading fills one body. */
  body: "unused" | "used";
}

/** Why the content was not stored by the PATCH. "slow": it was interrupted to ask whether the registry has it. */
type Interruption = "slow" | OciError;

export async function putNewBlob(
  repository: Repository,
  content: NewContent,
  options: PutOptions,
): Promise<Descriptor> {
  const reading = createFirstReading(content);
  try {
    return await sendNewBlob(repository, { content, reading }, options);
  } finally {
    await reading.end();
  }
}

async function sendNewBlob(
  repository: Repository,
  { content, reading }: Pick<Streaming, "content" | "reading">,
  options: PutOptions,
): Promise<Descriptor> {
  const { signal } = options;
  const { quirks } = repository.registry;
  const send = async (begun?: BegunUpload): Promise<Descriptor> => {
    const descriptor = await orCancel(begun?.session, () => reading.finish());
    await putBlob(repository, { descriptor, content: content.source, begun }, named(options, content));
    return descriptor;
  };
  if (quirks.known.streaming === "unsupported") return send();
  const session = await sessionOf(
    repository,
    await startUpload(repository, { signal }),
    repository.registry.createRetryBudget(),
  );
  const streaming: Streaming = { repository, content, options, reading, body: "unused" };
  const outcome = await orCancel(session, () => stream(streaming, session));
  if (outcome === "stored") return reading.finish();
  if (outcome !== "slow") {
    if (isUnavailable(outcome)) return send({ session, failure: outcome });
    quirks.noStreaming();
    await cancelUpload(session);
    return send();
  }
  const descriptor = await orCancel(session, () => reading.finish());
  if (!(await orCancel(session, () => hasBlob(repository, descriptor.digest, { signal })))) {
    return send({ session, failure: interrupted(content) });
  }
  await cancelUpload(session);
  return descriptor;
}

async function stream(streaming: Streaming, session: UploadSession): Promise<"stored" | Interruption> {
  const { content, reading, options } = streaming;
  const slow = new AbortController();
  try {
    const body = { length: content.size, open: () => bodyOf(streaming, slow) };
    let status = await sendPart(session, { body }, options.signal);
    if (status < 300) {
      const { digest } = await reading.finish();
      status = await closeUpload(session, { body: new Uint8Array(), digest }, options.signal);
      if (status < 300) return "stored";
    }
    return new OciError("OCI_STATUS", `upload of ${content.name}: status ${status}`, { details: { status } });
  } catch (error) {
    if (reading.fault !== undefined) throw reading.fault.error;
    options.signal?.throwIfAborted();
    if (slow.signal.aborted) return "slow";
    if (OciError.is(error)) return error;
    throw error;
  }
}

async function* bodyOf(streaming: Streaming, slow: AbortController): ByteStream {
  const { repository, content, reading, options } = streaming;
  // A request that is repeated needs the content from its beginning.
  if (streaming.body === "used") throw interrupted(content);
  streaming.body = "used";
  const nowMs = (): number => repository.registry.now().getTime();
  const begunMs = nowMs();
  let [bytes, waitedMs] = [0, 0];
  for await (const chunk of reading.rest()) {
    const readMs = nowMs();
    yield chunk;
    const sentMs = nowMs();
    waitedMs += sentMs - readMs;
    bytes += chunk.length;
    const { name, size: totalBytes } = content;
    options.onProgress?.({ step: "upload", kind: "content", name, bytes, totalBytes });
    if (!isSlow({ elapsedMs: sentMs - begunMs, waitedMs, left: (totalBytes - bytes) / bytes })) continue;
    slow.abort();
    throw interrupted(content);
  }
}

interface Rate {
  readonly elapsedMs: number;
  /** For the link; the rest of the time the content was read and hashed. */
  readonly waitedMs: number;
  /** What is left, as a multiple of what was sent. */
  readonly left: number;
}

/** Whether the link, not this machine, decides how long the upload takes, and it takes long. */
function isSlow({ elapsedMs, waitedMs, left }: Rate): boolean {
  return elapsedMs >= slowLinkMs && waitedMs >= elapsedMs * slowLinkShare && elapsedMs * left >= slowUploadMs;
}

function interrupted({ name }: NewContent): OciError {
  return new OciError("OCI_UNAVAILABLE", `the upload of ${name} was interrupted`);
}

/** Reports under the content's name, because its digest was not known at first. */
function named({ signal, onProgress }: PutOptions, { name }: NewContent): PutOptions {
  return { signal, onProgress: onProgress && ((progress) => onProgress({ ...progress, name })) };
}

async function orCancel<T>(session: UploadSession | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (session !== undefined) await cancelUpload(session);
    throw error;
  }
}
