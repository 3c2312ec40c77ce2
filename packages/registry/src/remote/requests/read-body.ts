/** Reads small responses whole, up to a bound. A response that is cut off is requested again. */
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import { isWebPage } from "../../http/web-page.ts";
import { isUnavailable, outcomeOf, type Registry } from "./context.ts";
import type { RegistryRequest } from "./send.ts";

export interface WholeResponse {
  readonly response: HttpResponse;
  readonly bytes: Uint8Array;
}

/** @throws OciError as `Send`, and OCI_LIMIT_EXCEEDED */
export async function sendForBytes(
  registry: Registry,
  request: RegistryRequest,
  maxBytes: number,
): Promise<WholeResponse> {
  const retryBudget = request.retryBudget ?? registry.createRetryBudget();
  for (;;) {
    const response = await registry.send({ ...request, retryBudget });
    try {
      return { response, bytes: await response.bytes(maxBytes) };
    } catch (error) {
      if (!isUnavailable(error) || (await retryBudget.next(outcomeOf(error), request.signal)) === "stop") throw error;
    }
  }
}

/** @throws OciError OCI_RESPONSE_INVALID */
export function parseJsonObject({ response, bytes }: WholeResponse): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw invalidResponse(
      response,
      isWebPage(response) ? "is a web page (text/html): it may be a sign-in page" : "is not JSON",
      cause,
    );
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw invalidResponse(response, "is not a JSON object");
  return json as Readonly<Record<string, unknown>>;
}

export function invalidResponse(response: HttpResponse, what: string, cause?: unknown): OciError {
  const url = `${response.url.origin}${response.url.pathname}`;
  return new OciError("OCI_RESPONSE_INVALID", `the response of ${url} ${what}`, {
    details: { url },
    ...(cause === undefined ? {} : { cause }),
  });
}
