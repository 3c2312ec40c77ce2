/**
 * Downloads content by digest and verifies it as it streams. A download that is cut resumes with a new request to the registry,
 * because the address that it redirected to may have expired. If the registry ignores Range, the known bytes are skipped.
 * Digest and size of the whole content are verified at the end in every case.
 */
import type { ByteStream } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { createDigester, digestAlgorithm, type Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import type { HttpResponse, RetryBudget } from "../../http/index.ts";
import { isWebPage } from "../../http/web-page.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { StoreOptions } from "../../store.ts";
import { verifying, verifyingAfter } from "../../verifying.ts";
import { reopen, request, type Download, type Wanted } from "./blob-request.ts";
import { claimedLength, endedEarly, isUnavailable, outcomeOf, type Repository } from "../requests/context.ts";
import { invalidResponse } from "../requests/read-body.ts";
import { progressBytes, unannouncedMaxBytes } from "../requests/store-limits.ts";

/** `open` of the store, for blobs and manifests. */
export async function openDownload(download: Download): Promise<ByteStream | undefined> {
  const retryBudget = download.repository.registry.createRetryBudget();
  const response = await request(download, { from: 0, retryBudget });
  if (response.status === 404) return discarded(response);
  const stream = verifying(resuming(download, response, { retryBudget, offset: 0 }), download.descriptor);
  return isWebPage(response) ? namingWebPage(stream, download.descriptor, response) : stream;
}

/** A proxy or portal may answer with its own page. Only wrong content is reported as one, because content may be HTML. */
async function* namingWebPage(stream: ByteStream, { digest }: Wanted, { url }: HttpResponse): ByteStream {
  try {
    yield* stream;
  } catch (cause) {
    const isWrong = OciError.is(cause) && (cause.code === "OCI_DIGEST_MISMATCH" || cause.code === "OCI_SIZE_MISMATCH");
    if (!isWrong) throw cause;
    const message = `${url.host} sent a web page (text/html) instead of ${digest}: it may be a sign-in page`;
    throw new OciError("OCI_RESPONSE_INVALID", message, { details: { digest, host: url.host }, cause });
  }
}

/** `openRest` of the store. */
export async function openDownloadRest(download: Download, prefix: ByteStream): Promise<ByteStream | undefined> {
  const { descriptor } = download;
  return verifyingAfter(prefix, descriptor, async (received) => {
    if (received === descriptor.size) return nothing();
    const retryBudget = download.repository.registry.createRetryBudget();
    const response = await reopen(download, { received, mode: "range", retryBudget });
    if (response.status === 404) return discarded(response);
    return resuming(download, response, { retryBudget, offset: received });
  });
}

/** Opens a blob of unknown size: the stream must have the size that the registry announces. */
export async function openBlobByDigest(
  repository: Repository,
  digest: Digest,
  options: StoreOptions,
): Promise<{ readonly descriptor: Descriptor; readonly stream: ByteStream } | undefined> {
  const retryBudget = repository.registry.createRetryBudget();
  const announced = await requestBlob(repository, digest, { ...options, retryBudget });
  if (announced === undefined) return undefined;
  const { descriptor, response } = announced;
  const download = { repository, descriptor, signal: options.signal };
  return { descriptor, stream: verifying(resuming(download, response, { retryBudget, offset: 0 }), descriptor) };
}

/**
 * The caller reads or discards the response. If the registry announces no size, the blob is read once to measure it.
 * @throws OciError OCI_DIGEST_MISMATCH, OCI_LIMIT_EXCEEDED if the blob was measured
 */
export async function requestBlob(
  repository: Repository,
  digest: Digest,
  { signal, retryBudget }: StoreOptions & { readonly retryBudget?: RetryBudget },
): Promise<{ readonly descriptor: Descriptor; readonly response: HttpResponse } | undefined> {
  const unknown = { mediaType: mediaTypes.octetStream, digest, size: Number.MAX_SAFE_INTEGER };
  const response = await request({ repository, descriptor: unknown, signal }, { from: 0, retryBudget });
  if (response.status === 404) return discarded(response);
  const size = claimedLength(response.headers.get("content-length"));
  if (size !== undefined) return { descriptor: { ...unknown, size }, response };
  const descriptor = { ...unknown, size: await measure(response, digest) };
  return { descriptor, response: await request({ repository, descriptor, signal }, { from: 0, retryBudget }) };
}

async function measure({ body }: HttpResponse, digest: Digest): Promise<number> {
  const digester = createDigester(digestAlgorithm(digest));
  let size = 0;
  for await (const chunk of body) {
    digester.update(chunk);
    size += chunk.length;
    if (size > unannouncedMaxBytes) {
      throw new OciError("OCI_LIMIT_EXCEEDED", `${digest} has no announced length and more than ${size} bytes`, {
        details: { digest, limit: unannouncedMaxBytes },
      });
    }
  }
  const got = digester.digest();
  if (got === digest) return size;
  throw new OciError("OCI_DIGEST_MISMATCH", `content does not match its digest: wanted ${digest}, got ${got}`, {
    details: { wanted: digest, got },
  });
}

async function discarded(response: HttpResponse): Promise<undefined> {
  await response.discard();
}

async function* nothing(): ByteStream {}

/** Progress of the download over all its responses. */
interface Position {
  /** One budget for failed requests and for bodies that end early; reset after progress. */
  readonly retryBudget: RetryBudget;
  received: number;
  /** "whole": Range does not work here. */
  mode: "range" | "whole";
  /** "new": after a short body without a connection error, use a new connection. */
  connection: "any" | "new";
  /** ETag of the first response: the content must not change between two attempts. */
  readonly etag: Etag | undefined;
}

interface Etag {
  readonly value: string;
  readonly at: string;
}

async function* resuming(
  download: Download,
  first: HttpResponse,
  { retryBudget, offset }: { readonly retryBudget: RetryBudget; readonly offset: number },
): ByteStream {
  const { descriptor, signal } = download;
  const etag = strongEtag(first);
  const position: Position = { retryBudget, received: offset, mode: "range", connection: "any", etag };
  for (let response = first; ; response = await resume(download, position)) {
    const before = position.received;
    const cut = yield* readPart(download, response, position);
    if (position.received >= descriptor.size) return;
    position.connection = cut === undefined ? "new" : "any";
    // After progress, no wait is needed.
    const progress = position.received - before >= progressBytes;
    if (progress) retryBudget.reset();
    const outcome = cut === undefined ? endedEarly : outcomeOf(cut);
    if (progress || (await retryBudget.next(outcome, signal)) === "again") continue;
    // The verification reports the missing bytes of a short body.
    if (cut === undefined) return;
    throw interrupted(descriptor, position.received, cut);
  }
}

/** Yields the new bytes of this response. Returns the error that cut it, or undefined if it ended without one. */
async function* readPart(
  { descriptor }: Download,
  response: HttpResponse,
  position: Position,
): AsyncGenerator<Uint8Array, OciError | undefined> {
  const before = position.received;
  let known = await startOf(descriptor, response, position);
  const announced = claimedLength(response.headers.get("content-length"));
  if (announced !== undefined && announced <= known) {
    // The server ignored Range and has nothing beyond the known bytes: request the whole content next.
    position.mode = "whole";
    await response.discard();
    return undefined;
  }
  try {
    for await (const chunk of response.body) {
      const fresh = chunk.subarray(Math.min(known, chunk.length));
      known -= chunk.length - fresh.length;
      position.received += fresh.length;
      if (fresh.length > 0) yield fresh;
    }
  } catch (error) {
    if (isUnavailable(error)) return error;
    throw error;
  }
  // The same range would be empty again.
  if (position.received === before) position.mode = "whole";
  return undefined;
}

/** Returns how many bytes at the beginning of this response are known. Throws if its headers contradict the descriptor. */
async function startOf(descriptor: Wanted, response: HttpResponse, position: Position): Promise<number> {
  const fault =
    response.status === 206 ? rangeFault(descriptor, response, position) : lengthFault(descriptor, response);
  if (fault === undefined) return response.status === 206 ? 0 : position.received;
  await response.discard();
  throw fault;
}

function lengthFault(descriptor: Wanted, response: HttpResponse): OciError | undefined {
  const announced = claimedLength(response.headers.get("content-length"));
  // A smaller length may come from a cache with incomplete content: another attempt may succeed.
  return announced !== undefined && announced > descriptor.size ? wrongSize(descriptor, announced) : undefined;
}

function rangeFault(descriptor: Wanted, response: HttpResponse, position: Position): OciError | undefined {
  const range = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (range === null || Number(range[1]) !== position.received) {
    return invalidResponse(response, `is not the range of ${descriptor.digest} from byte ${position.received} on`);
  }
  const total = claimedLength(range[2]);
  if (total !== undefined && total !== descriptor.size) return wrongSize(descriptor, total);
  const etag = strongEtag(response);
  if (etag !== undefined && etag.at === position.etag?.at && etag.value !== position.etag.value) {
    return invalidResponse(response, `has changed since the cut: ${descriptor.digest} has another ETag`);
  }
  return undefined;
}

function strongEtag({ headers, url }: HttpResponse): Etag | undefined {
  const value = headers.get("etag");
  return value?.startsWith('"') === true ? { value, at: `${url.origin}${url.pathname}` } : undefined;
}

async function resume(download: Download, position: Position): Promise<HttpResponse> {
  const response = await reopen(download, position);
  if (response.status === 200 || response.status === 206) return response;
  await response.discard();
  const { descriptor } = download;
  throw new OciError("OCI_NOT_FOUND", `${descriptor.digest} disappeared after ${position.received} of its bytes`, {
    details: { digest: descriptor.digest, wanted: descriptor.size, got: position.received },
  });
}

function interrupted(descriptor: Wanted, received: number, cause: OciError): OciError {
  return new OciError(
    "OCI_UNAVAILABLE",
    `${descriptor.digest} was cut repeatedly: ${received} of its ${descriptor.size} bytes received`,
    { details: { digest: descriptor.digest, wanted: descriptor.size, got: received }, cause },
  );
}

function wrongSize({ digest, size }: Wanted, got: number): OciError {
  return new OciError("OCI_SIZE_MISMATCH", `${digest} has ${size} bytes, but the registry has ${got}`, {
    details: { digest, wanted: size, got },
  });
}
