/**
 * The HTTP client for all requests: retries around redirects around exchanges. It guarantees that credentials
 * and a user's own headers reach the origin they were given for and no other, that no server leads it from https to http
 * or to a more private network, that every wait is bounded, and that bodies are returned as they were sent.
 */
import { OciError } from "../errors.ts";
import { exchange } from "./connections/exchange.ts";
import { failureCode, isUnreached } from "./failure.ts";
import type { HttpEvent, HttpRequest, HttpResponse, Transport, TransportOptions } from "./http.ts";
import type { Pools } from "./connections/pools.ts";
import { networkOf } from "./addresses/network.ts";
import { redactUrl } from "./addresses/redact.ts";
import { firstHop, nextHop, type Hop } from "./redirect.ts";
import { noticeAttempt, requestTrace } from "./request-trace.ts";
import { verifyRequest, headersForHop } from "./request-headers.ts";
import { defaultRetryPolicy, type AttemptOutcome } from "./retries/retry.ts";
import { createRetryBudget, withSystemDefaults } from "./retries/retry-budget.ts";

/** Makes an HTTP client with its own connections. It opens none before the first `send`; `close` closes them. */
export function createTransport(options: TransportOptions): Transport {
  let pools: Promise<Pools> | undefined;
  return {
    async send(request) {
      verifyRequest(request);
      pools ??= openPools(options);
      const opened = pools;
      return requestTrace.run(
        async () => sendWithRetries(request, options, await opened),
        () => ({ method: request.method, url: toldUrl(redactUrl(request.url), options) }),
        ({ status }) => ({ status }),
      );
    },
    async close() {
      const open = pools;
      pools = undefined;
      await (await open)?.close();
    },
  };
}

/** Loads undici at the first `send`, because loading it takes a while. */
async function openPools(options: TransportOptions): Promise<Pools> {
  const { createPools } = await import("./connections/pools.ts");
  return createPools(options);
}

async function sendWithRetries(request: HttpRequest, options: TransportOptions, pools: Pools): Promise<HttpResponse> {
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const retryBudget = request.retryBudget ?? createRetryBudget({ ...withSystemDefaults(options), policy });
  for (let attempt = 1; ; attempt++) {
    const result = await tryOnce({ request, attempt, options, pools });
    if (!maySendAgain(request, result) || (await retryBudget.next(result, request.signal)) === "stop") {
      if (result.kind === "failure") throw result.error;
      return result.response;
    }
    if (result.kind === "response") void result.response.discard();
  }
}

interface Attempt {
  readonly request: HttpRequest;
  readonly attempt: number;
  readonly options: TransportOptions;
  readonly pools: Pools;
}

type AttemptResult =
  | (AttemptOutcome & { readonly kind: "response"; readonly response: HttpResponse })
  | (AttemptOutcome & { readonly kind: "failure" });

/** Sends a request and follows its redirects. Every attempt starts at the request's own URL, because presigned addresses expire. */
async function tryOnce(attempt: Attempt): Promise<AttemptResult> {
  try {
    let hop = firstHop(attempt.request);
    for (;;) {
      const response = await sendHop(attempt, hop);
      const next = followed(attempt.request, hop, response);
      const { status, headers } = response;
      if (next === undefined) return { kind: "response", status, retryAfter: headers.get("retry-after"), response };
      void response.discard();
      hop = next;
    }
  } catch (error) {
    return { kind: "failure", error };
  }
}

function followed(request: HttpRequest, hop: Hop, response: HttpResponse): Hop | undefined {
  try {
    return nextHop(request, hop, response);
  } catch (error) {
    void response.discard();
    throw error;
  }
}

async function sendHop({ request, attempt, options, pools }: Attempt, hop: Hop): Promise<HttpResponse> {
  const { method, url, body } = hop;
  // The path of a redirect's address is the server's own, and may itself be what gives access.
  const shown = hop.index === 0 ? redactUrl(url) : `${url.origin}/…`;
  const report = (status: number | undefined, failure: string | undefined): void => {
    const told = toldUrl(shown, options);
    const event = (): HttpEvent => ({ method, url: told, status, failure, attempt, hop: hop.index });
    noticeAttempt(event);
    options.onRequest?.(event());
  };
  try {
    verifyPlainHttp(url, hop, options);
    const headers = headersForHop(request, hop, options.userAgent ?? "dtuf");
    const stallTimeoutMs = request.stallTimeoutMs ?? options.stallTimeoutMs ?? defaultStallTimeoutMs;
    const { signal } = request;
    const pool = pools.find(url, hop.allowedNetwork, hop.index === 0 ? request.connection : "any");
    const response = await exchange({ method, url, headers, body, stallTimeoutMs, signal }, pool);
    report(response.status, undefined);
    return response;
  } catch (error) {
    report(undefined, failureCode(error) ?? "ABORTED");
    throw error;
  }
}

function toldUrl(url: string, { redact }: TransportOptions): string {
  return redact === undefined ? url : redact(url);
}

const defaultStallTimeoutMs = 60_000;

function maySendAgain(request: HttpRequest, result: AttemptResult): boolean {
  const repeatable = request.method !== "POST" && request.method !== "PATCH";
  const mode = request.retries ?? (repeatable ? "retry" : "refused");
  if (result.kind === "response" && request.answers?.includes(result.status) === true) return false;
  if (mode !== "refused") return mode === "retry";
  return result.kind === "failure" ? isUnreached(result.error) : result.status === 429 || result.status === 503;
}

function verifyPlainHttp(url: URL, hop: Hop, options: TransportOptions): void {
  if (url.protocol === "https:") return;
  const loopbackOnly = (): "allow" | "refuse" => (networkOf(url.hostname) === "loopback" ? "allow" : "refuse");
  if ((options.plainHttp?.(url.host) ?? loopbackOnly()) === "allow") return;
  const code = hop.index === 0 ? "OCI_UNSUPPORTED" : "OCI_REDIRECT_REFUSED";
  throw new OciError(code, `plain http to ${url.host} is not allowed`, { details: { url: redactUrl(url) } });
}
