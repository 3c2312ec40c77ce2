/** Uploads in chunks: one PATCH for each chunk, the last chunk in the closing PUT (ECR cannot close with an empty one). */
import { reportUpload, type ProgressCallback } from "../../progress.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { OciError } from "../../errors.ts";
import type { ByteStream } from "../../content.ts";
import type { RetryBudget } from "../../http/index.ts";
import { chunksOf, type Chunk } from "./chunks.ts";
import { endedEarly, isUnavailable, outcomeOf } from "../requests/context.ts";
import { chunkMaxBytes, chunkMinBytes } from "../requests/store-limits.ts";
import { closeUpload, findUploadOffset, sendPart, type UploadSession } from "./upload-session.ts";

export interface ChunkedUpload {
  readonly session: UploadSession;
  readonly descriptor: Descriptor;
  /** The whole content, verified as it streams. */
  readonly content: ByteStream;
  /** Number of bytes that the registry is known to have. */
  acknowledged: number;
  readonly retryBudget: RetryBudget;
  /** The furthest offset of all sessions. Only progress beyond it resets the retry budget, so the number of sessions is bounded. */
  readonly farthest: { bytes: number };
  readonly onProgress: ProgressCallback | undefined;
  readonly signal: AbortSignal | undefined;
}

/** "differently": start over at once, with what was learnt. An error: start over if the retry budget allows it. */
export type UploadOutcome = "stored" | "differently" | OciError;

export async function sendInChunks(upload: ChunkedUpload): Promise<UploadOutcome> {
  const chunkBytes = chunkBytesFor(upload.session);
  for await (const chunk of chunksOf(upload.content, chunkBytes)) {
    const outcome = await sendChunk(upload, chunk);
    if (outcome !== "stored") return outcome;
    upload.acknowledged = Math.max(upload.acknowledged, chunk.offset + chunk.bytes.length);
    if (upload.acknowledged > upload.farthest.bytes) upload.retryBudget.reset();
    upload.farthest.bytes = Math.max(upload.acknowledged, upload.farthest.bytes);
    reportUpload(upload, upload.descriptor, upload.acknowledged);
  }
  return "stored";
}

/** @throws OciError OCI_LIMIT_EXCEEDED if the registry requires larger chunks than `chunkMaxBytes` */
export function chunkBytesFor({ repository, chunkMinBytes: wanted, chunkMaxBytes: allowed }: UploadSession): number {
  if (wanted > chunkMaxBytes) {
    throw new OciError(
      "OCI_LIMIT_EXCEEDED",
      `the registry requires chunks of ${wanted} bytes; at most ${chunkMaxBytes}`,
      {
        details: { limit: chunkMaxBytes, got: wanted },
      },
    );
  }
  return Math.max(wanted, Math.min(repository.registry.quirks.known.chunkBytes, allowed));
}

async function sendChunk(upload: ChunkedUpload, chunk: Chunk): Promise<UploadOutcome> {
  const end = chunk.offset + chunk.bytes.length;
  for (;;) {
    if (chunk.place === "middle" && upload.acknowledged >= end) return "stored";
    const offset = Math.max(chunk.offset, upload.acknowledged);
    const sent = await trySending(upload, chunk, offset);
    if (sent === 201 || sent === 202 || sent === 204) return "stored";
    if (sent === 404) return forgotten(upload);
    if (sent === 413) return smallerChunks(upload, sent);
    const has = await askOffset(upload);
    if (sent === 416 && (has ?? 0) === offset) return smallerChunks(upload, sent);
    const failure = typeof sent === "number" ? refusedPart(upload, sent) : sent;
    if (has === undefined || has < chunk.offset || has > end) return failure;
    const outcome = typeof sent === "number" ? endedEarly : outcomeOf(sent);
    if ((await upload.retryBudget.next(outcome, upload.signal)) === "stop") throw failure;
    upload.acknowledged = has;
  }
}

/** Returns the status, or a failure after which the registry may have part of the chunk. */
async function trySending(upload: ChunkedUpload, chunk: Chunk, offset: number): Promise<number | OciError> {
  const { session, descriptor, signal } = upload;
  const part = { body: chunk.bytes.subarray(offset - chunk.offset), offset };
  try {
    if (chunk.place === "middle") return await sendPart(session, part, signal);
    const { digest } = descriptor;
    if (session.repository.registry.quirks.known.closing === "content") {
      return await closeUpload(session, { ...part, digest }, signal);
    }
    const sent = part.body.length === 0 ? 202 : await sendPart(session, part, signal);
    return sent < 300 ? await closeUpload(session, { body: new Uint8Array(), digest }, signal) : sent;
  } catch (error) {
    if (isUnavailable(error)) return error;
    throw error;
  }
}

async function askOffset({ session, signal }: ChunkedUpload): Promise<number | undefined> {
  try {
    return await findUploadOffset(session, signal);
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}

/** @throws OciError OCI_STATUS if the chunks cannot be made smaller */
function smallerChunks(upload: ChunkedUpload, status: number): "differently" {
  const { session } = upload;

  const half = Math.floor(Math.min(chunkBytesFor(session), upload.descriptor.size) / 2);
  if (half < Math.max(chunkMinBytes, session.chunkMinBytes)) throw refusedPart(upload, status);
  session.repository.registry.quirks.limitChunks(half);
  return "differently";
}

function refusedPart({ session, descriptor }: ChunkedUpload, status: number): OciError {
  const { name, registry } = session.repository;
  return new OciError(
    "OCI_STATUS",
    `upload of ${descriptor.digest} to ${registry.name}/${name}: status ${status} for a chunk`,
    { details: { digest: descriptor.digest, status } },
  );
}

export function forgotten({ session, descriptor }: Pick<ChunkedUpload, "session" | "descriptor">): OciError {
  const { name, registry } = session.repository;
  return new OciError("OCI_STATUS", `${registry.name}/${name} no longer knows the upload of ${descriptor.digest}`, {
    details: { digest: descriptor.digest, status: 404 },
  });
}
