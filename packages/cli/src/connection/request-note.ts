import { defaultRetryPolicy, type HttpEvent } from "@dtuf/registry/http";
import type { LogLevel } from "../context/log.ts";

const silent: ReadonlySet<string> = new Set(["CONNECT_TIMEOUT", "STALLED", "UND_ERR_CONNECT_TIMEOUT"]);

/** What is said of a request: a server's silence at WARNING, because it makes a command wait for minutes. */
export function describeRequest(event: HttpEvent): { readonly text: string; readonly level: LogLevel } {
  const { method, url, status, failure, attempt } = event;
  if (failure === undefined || !silent.has(failure)) {
    return { text: `${method} ${url} ${status ?? failure ?? ""}`, level: "DEBUG" };
  }
  const most = defaultRetryPolicy.maxAttempts;
  return {
    text: `no answer from ${new URL(url).host} (${failure}), attempt ${attempt} of at most ${most}`,
    level: "WARNING",
  };
}
