/** One request and its response over one connection. No redirect, no retry. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { openContent, type ByteStream } from "../../content.ts";
import { OciError } from "../../errors.ts";
import { collect } from "../../verifying.ts";
import { asOciError } from "../failure.ts";
import { createHeaders, type HttpHeaders } from "../headers.ts";
import type { HttpBody, HttpMethod, HttpResponse } from "../http.ts";
import type { OriginPool } from "./pools.ts";
import { discardMaxBytes, sendChunkBytes } from "../limits.ts";
import { createWatchdog, type Watchdog } from "./watchdog.ts";
import { redactUrl } from "../addresses/redact.ts";

export interface Exchange {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | HttpBody | undefined;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws OciError as `Transport.send`, the error of the request's body, or the signal's reason */
export async function exchange(request: Exchange, pool: OriginPool): Promise<HttpResponse> {
  await nextTurn(); // undici frees a connection one turn after its response: without this, sequential requests would use two
  request.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const watchdog = createWatchdog({ ...request, onFailure: reject });
  const handler = createHandler(request, watchdog, (status, headers) =>
    resolve(createResponse({ status, headers, url: request.url, ...pool.place() }, watchdog.queue.stream)),
  );
  try {
    pool.dispatcher.dispatch(dispatchOptions(request, watchdog), handler);
  } catch (error) {
    watchdog.fail(asOciError(error, request.method, request.url));
  }
  return await promise;
}

function createHandler(
  request: Exchange,
  watchdog: Watchdog,
  onHead: (status: number, headers: HttpHeaders) => void,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller) => watchdog.started(controller),
    onResponseStart(controller, status) {
      if (status < 200) return;
      watchdog.waiting();
      const headers = createHeaders(headerPairs(controller.rawHeaders));
      const coding = findCoding(headers);
      if (coding === undefined) return onHead(status, headers);
      if (status < 300) return watchdog.fail(encoded(request.url, coding));
      onHead(status, headers); // an error response needs no body
      watchdog.queue.end();
      controller.abort(new DOMException("content encoding", "AbortError"));
    },
    onResponseData(_controller, chunk) {
      watchdog.received(chunk.length);
      watchdog.queue.push(chunk);
    },
    onResponseEnd: () => watchdog.end(),
    onResponseError: (_controller, error) => watchdog.fail(asOciError(error, request.method, request.url)),
  };
}

function dispatchOptions(request: Exchange, watchdog: Watchdog): Dispatcher.DispatchOptions {
  const { body, method, url } = request;
  // undici closes the connection after each HEAD, because some servers send a body. Such a body ends the connection anyway.
  const reset = method === "HEAD" ? { reset: false } : {};
  const path = `${url.pathname}${url.search}`;
  const options = { origin: url.origin, path, method, headers: request.headers, ...reset };
  if (body === undefined) return options;
  if (body instanceof Uint8Array && body.length <= sendChunkBytes) return { ...options, body };
  const headers = { ...request.headers, "content-length": String(body.length) };
  return { ...options, headers, body: sending(body, watchdog) as Dispatcher.DispatchOptions["body"] & object };
}

/** Sends in pieces so that progress restarts the stall timer; time spent reading the source does not count as a stall. */
async function* sending(body: Uint8Array | HttpBody, watchdog: Watchdog): ByteStream {
  watchdog.idle();
  try {
    for await (const chunk of body instanceof Uint8Array ? openContent(body) : body.open()) {
      for (let at = 0; at < chunk.length; at += sendChunkBytes) {
        watchdog.waiting();
        yield chunk.subarray(at, at + sendChunkBytes);
      }
      watchdog.idle();
    }
    watchdog.waitingForAnswer();
  } catch (error) {
    watchdog.fail(error);
    throw error;
  }
}

function createResponse(
  head: Pick<HttpResponse, "status" | "url" | "headers" | "network" | "allowedNetwork">,
  body: ByteStream,
): HttpResponse {
  const bytes = (maxBytes: number): Promise<Uint8Array> => collect(body, maxBytes);
  return {
    ...head,
    body,
    bytes,
    text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)),
    async discard() {
      let read = 0;
      try {
        for await (const chunk of body) {
          read += chunk.length;
          if (read > discardMaxBytes) return;
        }
      } catch {
        // A failed connection is freed already, and its data is not needed.
      }
    },
  };
}

function* headerPairs(raw: Dispatcher.DispatchController["rawHeaders"]): Iterable<readonly [string, string]> {
  if (!Array.isArray(raw)) return;
  for (let index = 0; index + 1 < raw.length; index += 2) yield [String(raw[index]), String(raw[index + 1])];
}

/**
 * Content codings that do not change the bytes: S3 sends `aws-chunked` if an object was uploaded that way, and `utf-8` is a mistake for
 * a charset.
 */
const emptyCodings: ReadonlySet<string> = new Set(["", "identity", "aws-chunked", "utf-8"]);

/** The first coding that changes the bytes. */
function findCoding(headers: HttpHeaders): string | undefined {
  const codings = headers.all("content-encoding").flatMap((value) => value.split(","));
  return codings.map((coding) => coding.trim().toLowerCase()).find((coding) => !emptyCodings.has(coding));
}

function encoded(url: URL, coding: string): OciError {
  const shown = redactUrl(url);
  return new OciError("OCI_RESPONSE_INVALID", `${shown} sent a content encoding that was not requested: ${coding}`, {
    details: { url: shown, wanted: "identity", got: coding },
  });
}
