/** Requests to a service that speaks JSON over HTTP. No redirect is followed, because the credentials would go along. */
import { deadlineOf, unavailable, type SignerContext } from "../context.ts";
import { SignerError } from "../errors.ts";
import { answerMaxBytes } from "../limits.ts";

export interface JsonRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent with POST; without it, GET. */
  readonly body?: object | undefined;
  /** The service's name, for messages. */
  readonly service: string;
}

/** @throws SignerError SIGNER_UNAVAILABLE, SIGNER_REFUSED, SIGNER_NOT_FOUND */
export async function requestJson(
  { url, headers, body, service }: JsonRequest,
  context: SignerContext,
): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "error",
      signal: deadlineOf(context),
    });
    const text = await readBounded(response, service);
    if (response.ok) return JSON.parse(text) as unknown;
    throw refusal(response.status, url, service);
  } catch (cause) {
    throw unavailable(`${service} at ${url.host}`, context, cause);
  }
}

function refusal(status: number, { host, pathname }: URL, service: string): SignerError {
  const code =
    status === 401 || status === 403 ? "SIGNER_REFUSED" : status === 404 ? "SIGNER_NOT_FOUND" : "SIGNER_UNAVAILABLE";
  return new SignerError(code, `${service} at ${host} answered ${status} to ${pathname}`, { details: { status } });
}

async function readBounded(response: Response, service: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > answerMaxBytes) {
      throw new SignerError("SIGNER_UNAVAILABLE", `${service} answered with more than ${answerMaxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
