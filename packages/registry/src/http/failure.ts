/** Network failures: their codes, and the OciError made from them. */
import { OciError } from "../errors.ts";
import { redactUrl } from "./addresses/redact.ts";

/** Codes of this package, in addition to those of Node and undici. */
export type TimeoutCode = "CONNECT_TIMEOUT" | "STALLED";

/** The request did not reach the server, so it may be sent again, even if it is not idempotent. */
const unreached: ReadonlySet<string> = new Set([
  "CONNECT_TIMEOUT",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const transient: ReadonlySet<string> = new Set([
  ...unreached,
  "ECONNABORTED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "STALLED",
  "UND_ERR_PRX_CONN",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_SOCKET",
]);

/** TLS errors caused by a server that answers in plain HTTP. */
export const notTls: ReadonlySet<string> = new Set([
  "EPROTO",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST",
]);

/** The most specific code: an OciError's `failure`, else the code of the error, its cause or its first inner error, else its name. */
export function failureCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (OciError.is(error)) return detailOf(error) ?? failureCode(error.cause) ?? error.code;
  if ("code" in error && typeof error.code === "string") return error.code;
  return failureCode(error instanceof AggregateError ? error.errors[0] : error.cause) ?? error.name;
}

function detailOf(error: OciError): string | undefined {
  const { failure } = error.details;
  return typeof failure === "string" ? failure : undefined;
}

/** Whether another attempt may succeed. */
export function isTransient(error: unknown): boolean {
  return transient.has(failureCode(error) ?? "");
}

export function isUnreached(error: unknown): boolean {
  return unreached.has(failureCode(error) ?? "");
}

/** Returns an OciError unchanged; makes one from any other error, with it as the cause. */
export function asOciError(error: unknown, method: string, url: URL): OciError {
  if (OciError.is(error)) return error;
  const failure = failureCode(error) ?? "UNKNOWN";
  const shown = redactUrl(url);
  const details = { method, url: shown, failure };
  if (failure === "UND_ERR_HEADERS_OVERFLOW") {
    return new OciError("OCI_LIMIT_EXCEEDED", `the headers of ${shown} are too large`, { details, cause: error });
  }
  if (failure === "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH") {
    return new OciError("OCI_SIZE_MISMATCH", `the body for ${shown} does not have the announced length`, {
      details,
      cause: error,
    });
  }
  if (failure === "HTTPParserError" || failure.startsWith("HPE_")) {
    if (error instanceof Error) Reflect.deleteProperty(error, "data"); // bytes of the response, which may contain a token
    return new OciError("OCI_RESPONSE_INVALID", `${shown} does not answer in HTTP: ${failure}`, {
      details,
      cause: error,
    });
  }
  if (url.protocol === "https:" && notTls.has(failure)) {
    const message = `${method} ${shown} failed: ${url.host} does not speak TLS; it may speak plain HTTP (${failure})`;
    return new OciError("OCI_UNAVAILABLE", message, { details: { ...details, tls: "none" }, cause: error });
  }
  return new OciError("OCI_UNAVAILABLE", `${method} ${shown} failed: ${failure}`, { details, cause: error });
}

export function timedOut(failure: TimeoutCode, ms: number, what: { method: string; url: URL }): OciError {
  const url = redactUrl(what.url);
  const happened = failure === "STALLED" ? "no data was transferred" : "no connection";
  return new OciError("OCI_UNAVAILABLE", `${what.method} ${url} failed: ${happened} for ${ms} ms`, {
    details: { method: what.method, url, failure, timeoutMs: ms },
  });
}
