/** Requests as a program's own tracing sees them. */
import { createNotice, createTrace, type Trace } from "../tracing/trace.ts";
import type { HttpEvent, HttpMethod } from "./http.ts";

/** Message of `dtuf:registry:request`: one request with its retries and redirects, until the response's headers are there. */
export interface RequestTold {
  readonly method: HttpMethod;
  /** Redacted: without userinfo, and only query values that are known to be harmless. */
  readonly url: string;
}

export interface RequestOutcome {
  readonly status: number;
}

export const requestTrace: Trace<RequestTold, RequestOutcome> = createTrace("dtuf:registry:request");

/** `dtuf:registry:attempt`: one attempt at one hop, when its response headers have arrived or it has failed. */
export const noticeAttempt: (tell: () => HttpEvent) => void = createNotice("dtuf:registry:attempt");
