export { readCertsDirectories, readCertsDirectory } from "./tls/certs-d.ts";
export { createHeaders, type HttpHeaders } from "./headers.ts";
export type {
  HttpBody,
  HttpEvent,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  Transport,
  TransportOptions,
} from "./http.ts";
export { mayReach, networkOf, type Network } from "./addresses/network.ts";
export { originOf, type Origin } from "./addresses/origin.ts";
export { findProxy, parseProxy, type ProxyOptions } from "./addresses/proxy.ts";
export { redactUrl } from "./addresses/redact.ts";
export {
  decideRetry,
  defaultRetryPolicy,
  type AttemptOutcome,
  type RetryContext,
  type RetryPolicy,
  type RetryState,
} from "./retries/retry.ts";
export { certificateMaxBytes } from "./limits.ts";
export type { TlsOptions } from "./tls/tls.ts";
export type { RequestOutcome, RequestTold } from "./request-trace.ts";
export { createTransport } from "./transport.ts";
export {
  createRetryBudget,
  sleepTimer,
  withSystemDefaults,
  type Sleep,
  type TimeAndChance,
  type RetryBudget,
} from "./retries/retry-budget.ts";
export { decideUrl, type SuppliedUrl, type UrlDecision, type UrlSource } from "./addresses/url-policy.ts";
