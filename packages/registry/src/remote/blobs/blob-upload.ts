/**
 * Uploads blobs. A new blob takes two requests: a mount from the same repository, which finds the blob
 * or opens the upload, and one PUT with the whole content. Chunks are used only if the registry requires them. An upload
 * that is cut is resumed if the registry reports the offset, and starts over otherwise.
 */
import { reportUpload } from "../../progress.ts";
import { openContent, type ByteStream, type Content } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestAlgorithm } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import type { HttpBody, RetryBudget } from "../../http/index.ts";
import { verifyBytes, verifying } from "../../verifying.ts";
import { hasBlob } from "./blobs.ts";
import { holdLast } from "./chunks.ts";
import { endedEarly, isUnavailable, outcomeOf, type Repository } from "../requests/context.ts";
import { singlePostMaxBytes } from "../requests/store-limits.ts";
import type { PutOptions } from "../../store.ts";
import { chunkBytesFor, forgotten, sendInChunks, type UploadOutcome } from "./upload-chunks.ts";
import {
  cancelUpload,
  closeUpload,
  findUploadOffset,
  sessionOf,
  startUpload,
  type UploadSession,
} from "./upload-session.ts";

/** After this many cut PUTs, switch to chunks: a proxy may limit request time. */
const cutsBeforeChunks = 2;

interface Upload {
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly content: Content;
  readonly options: PutOptions;
  /** The budget for all requests and restarts; reset when more bytes than ever before were accepted. */
  readonly retryBudget: RetryBudget;
  readonly farthest: { bytes: number };
  cuts: number;
  /** Answers of 404 to a PUT with the whole content: the registry forgot the upload, or refuses content in the PUT this way. */
  forgotten: number;
  /** The error of reading the content. It is thrown instead of the connection's error that it caused. */
  fault: { readonly error: unknown } | undefined;
}

/** An upload that another request began and that failed then. */
export interface BegunUpload {
  readonly session: UploadSession;
  readonly failure: OciError;
}

export interface BlobToPut {
  readonly descriptor: Descriptor;
  readonly content: Content;
  /** Continued first. */
  readonly begun?: BegunUpload | undefined;
}

export async function putBlob(repository: Repository, blob: BlobToPut, options: PutOptions): Promise<void> {
  const { descriptor, content } = blob;
  if (content instanceof Uint8Array) verifyBytes(content, descriptor);
  const upload: Upload = {
    ...{ repository, descriptor, content, options },
    ...{
      retryBudget: repository.registry.createRetryBudget(),
      farthest: { bytes: 0 },
      cuts: 0,
      forgotten: 0,
      fault: undefined,
    },
  };
  let begun = blob.begun;
  for (let presence = options.presence ?? "check"; ; presence = "check") {
    const session = begun?.session ?? (await openUpload(upload, presence));
    if (session === "stored") return;
    const outcome = await sendContent(upload, session, begun?.failure);
    begun = undefined;
    if (outcome === "stored") return;
    if (outcome !== "differently" && (await nextTry(upload, outcome)) === "stop") throw outcome;
  }
}

function nextTry({ retryBudget, options }: Upload, failure: OciError): Promise<"again" | "stop"> {
  return retryBudget.next(isUnavailable(failure) ? outcomeOf(failure) : endedEarly, options.signal);
}

async function openUpload(upload: Upload, presence: "check" | "absent"): Promise<UploadSession | "stored"> {
  const { repository, descriptor, options } = upload;
  const { quirks } = repository.registry;
  const { signal } = options;
  if (presence === "check" && quirks.known.selfMount === "untried") {
    const session = await mountFromItself(upload);
    if (session !== undefined) return session;
  }
  if (presence === "check" && (await hasBlob(repository, descriptor.digest, { signal }))) return "stored";
  const small = descriptor.size <= singlePostMaxBytes[quirks.known.singlePost];
  const alone = presence === "absent" && small ? upload.content : undefined;
  const response = await startUpload(repository, {
    ...(alone instanceof Uint8Array
      ? { query: { digest: descriptor.digest }, body: alone, expect: singlePostRefusals }
      : { query: algorithmOf(descriptor) }),
    retryBudget: upload.retryBudget,
    signal,
  });
  if (!(alone instanceof Uint8Array) || response.status !== 201) {
    if (alone instanceof Uint8Array) quirks.noSinglePost();
    if (response.status === 202) return sessionOf(repository, response, upload.retryBudget);
    await response.discard();
    return openUpload(upload, presence);
  }
  await response.discard();
  quirks.singlePostWorks();
  reportUpload(options, descriptor, descriptor.size);
  return "stored";
}

/** Statuses of registries that refuse content in the request that opens an upload, instead of ignoring it. */
const singlePostRefusals: readonly number[] = [400, 404, 405, 411, 413, 415, 501];

/** Tells the registry the hash algorithm if it is not sha256. */
function algorithmOf({ digest }: Descriptor): Readonly<Record<string, string>> {
  const algorithm = digestAlgorithm(digest);
  return algorithm === "sha256" ? {} : { "digest-algorithm": algorithm };
}

/** Replaces a HEAD and a POST by one request. Returns undefined if the registry does not support it. */
async function mountFromItself(upload: Upload): Promise<UploadSession | "stored" | undefined> {
  const { repository, descriptor, options, retryBudget } = upload;
  const response = await startUpload(repository, {
    query: { mount: descriptor.digest, from: repository.name, ...algorithmOf(descriptor) },
    // distribution 2.8 answers 500 for a repository that is still empty.
    expect: [400, 403, 404, 405, 500, 501],
    retryBudget,
    signal: options.signal,
  });
  if (response.status === 202) return sessionOf(repository, response, retryBudget);
  await response.discard();
  if (response.status === 201) return "stored";
  if (response.status !== 404) repository.registry.quirks.noSelfMount();
  return undefined;
}

async function sendContent(
  upload: Upload,
  session: UploadSession,
  failure: OciError | undefined,
): Promise<UploadOutcome> {
  try {
    const outcome =
      failure !== undefined
        ? await resume(upload, session, failure)
        : fitsOneRequest(upload, session)
          ? await sendWhole(upload, session)
          : await sendChunked(upload, session, 0);
    if (outcome !== "stored") await cancelUpload(session);
    return outcome;
  } catch (error) {
    await cancelUpload(session);
    throw error;
  }
}

function fitsOneRequest({ descriptor, cuts, repository }: Upload, session: UploadSession): boolean {
  const chunkBytes = chunkBytesFor(session);
  const { wholeMaxBytes, closing } = repository.registry.quirks.known;
  if (closing === "empty") return false;
  if (descriptor.size <= chunkBytes) return descriptor.size <= session.chunkMaxBytes;
  return session.chunkMinBytes === 0 && cuts < cutsBeforeChunks && descriptor.size <= wholeMaxBytes;
}

async function sendWhole(upload: Upload, session: UploadSession): Promise<UploadOutcome> {
  const { descriptor, options } = upload;
  try {
    const status = await closeUpload(session, { body: wholeBody(upload), digest: descriptor.digest }, options.signal);
    if (status === 400 || (status === 404 && upload.forgotten > 0)) return closeEmpty(upload);
    if (status === 404) {
      upload.forgotten += 1;
      return forgotten({ session, descriptor });
    }
    if (status === 413 || status === 416) return tooLargeWhole(upload, session, status);
    if (upload.content instanceof Uint8Array) reportUpload(options, descriptor, descriptor.size);
    return "stored";
  } catch (error) {
    if (upload.fault !== undefined) throw upload.fault.error;
    if (!isUnavailable(error)) throw error;
    return resume(upload, session, error);
  }
}

/** Some registries refuse content in the PUT that closes an upload. From now on, all content is sent before it, in PATCH requests. */
function closeEmpty({ repository }: Upload): "differently" {
  repository.registry.quirks.noContentInClosing();
  return "differently";
}

/** Resumes after a cut PUT: if the registry reports how much it has, sends the rest in chunks. */
async function resume(upload: Upload, session: UploadSession, failure: OciError): Promise<UploadOutcome> {
  upload.cuts += 1;
  try {
    const offset = await findUploadOffset(session, upload.options.signal);
    if (offset === undefined || offset > upload.descriptor.size) return failure;
    return await sendChunked(upload, session, offset);
  } catch (error) {
    if (isUnavailable(error)) return failure;
    throw error;
  }
}

/** @throws OciError OCI_STATUS if chunks would not be smaller */
function tooLargeWhole(upload: Upload, session: UploadSession, status: number): "differently" {
  const { descriptor, repository } = upload;
  const chunkBytes = chunkBytesFor(session);
  if (descriptor.size <= chunkBytes) {
    const details = { digest: descriptor.digest, size: descriptor.size, status };
    const where = `${repository.registry.name}/${repository.name}`;
    throw new OciError("OCI_STATUS", `upload of ${descriptor.digest} to ${where}: status ${status}`, { details });
  }
  repository.registry.quirks.wholeTooLarge(descriptor.size);
  return "differently";
}

function sendChunked(upload: Upload, session: UploadSession, acknowledged: number): Promise<UploadOutcome> {
  const { descriptor, options, retryBudget, farthest } = upload;
  const content = verifying(openContent(upload.content), descriptor);
  const { onProgress, signal } = options;
  return sendInChunks({ session, descriptor, content, acknowledged, retryBudget, farthest, onProgress, signal });
}

function wholeBody(upload: Upload): Uint8Array | HttpBody {
  const { content, descriptor } = upload;
  if (content instanceof Uint8Array) return content;
  return { length: descriptor.size, open: () => watched(upload, holdLast(verifying(content.open(0), descriptor))) };
}

async function* watched(upload: Upload, stream: ByteStream): ByteStream {
  let sent = 0;
  try {
    for await (const chunk of stream) {
      yield chunk;
      sent += chunk.length;
      reportUpload(upload.options, upload.descriptor, sent);
    }
  } catch (error) {
    upload.fault = { error };
    throw error;
  }
}
