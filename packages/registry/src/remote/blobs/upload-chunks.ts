/** Content in chunks: PATCH after PATCH, the last chunk in the closing PUT (ECR cannot close with an empty one). */
import { reportUpload, type ProgressCallback } from "../../progress.ts";
import type { Descriptor } from "../../descriptor.ts";
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
  /** From the content's beginning, verified as it streams. */
  readonly content: ByteStream;
  /** The registry is known to have so many bytes. */
  acknowledged: number;
  readonly retryBudget: RetryBudget;
  /** How far any of the sessions got: what one after the other achieves must not make their number endless. */
  readonly farthest: { bytes: number };
  readonly onProgress: ProgressCallback | undefined;
  readonly signal: AbortSignal | undefined;
}

/** "differently": start over at once, something was learned. An error: start over, if there is patience left for it. */
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

/** @throws OciError OCI_LIMIT_EXCEEDED for a registry that wants larger chunks than one should hold in memory */
export function chunkBytesFor({ repository, chunkMinBytes: wanted, chunkMaxBytes: allowed }: UploadSession): number {
  if (wanted > chunkMaxBytes) {
    throw new OciError("OCI_LIMIT_EXCEEDED", `registry wants chunks of ${wanted} bytes; at most ${chunkMaxBytes}`, {
      details: { limit: chunkMaxBytes, got: wanted },
    });
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

/** The status, or the failure that may have left some of it there. */
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

/** @throws OciError OCI_STATUS where the chunks cannot get smaller */
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
  return new OciError("OCI_STATUS", `${registry.name}/${name} forgot the upload of ${descriptor.digest}`, {
    details: { digest: descriptor.digest, status: 404 },
  });
}
