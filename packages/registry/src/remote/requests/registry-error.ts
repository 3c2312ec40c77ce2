/** What a registry's refusal means: one place where a status becomes an error. */
import type { ByteStream } from "../../content.ts";
import { OciError, type OciErrorCode } from "../../errors.ts";
import { redactUrl, type HttpMethod, type HttpResponse } from "../../http/index.ts";
import { escapeText } from "../../escape/escape.ts";
import { errorBodyMaxBytes } from "./store-limits.ts";

interface RegistryError {
  readonly code: string;
  readonly message: string;
  /** A text, or JSON of another kind as it stands. */
  readonly detail: string;
}

const shownMaxLength = 300;

/**
 * Reads (and bounds) the body of `response`, which frees its connection. Never throws itself.
 * @param speaker only the registry itself is quoted: an address that it supplied may be of a host that nobody meant to ask
 */
export async function registryError(
  method: HttpMethod,
  response: HttpResponse,
  speaker: "registry" | "other",
): Promise<OciError> {
  const text = await readText(response.body);
  const errors = speaker === "registry" ? parseErrors(text) : [];
  const codes = errors.map(({ code }) => code);
  const said = errors.map(describe).join("; ");
  const url = redactUrl(response.url);
  const retryAfter = response.headers.get("retry-after");
  const reason = said === "" ? "" : ` (${escapeText(said.slice(0, shownMaxLength))})`;
  return new OciError(codeOf(response.status, codes), `${method} ${url}: status ${response.status}${reason}`, {
    details: {
      method,
      url,
      status: response.status,
      registryCodes: codes,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
  });
}

function describe({ code, message, detail }: RegistryError): string {
  return [...new Set([code, message, detail])].filter((text) => text !== "").join(": ");
}

function codeOf(status: number, codes: readonly string[]): OciErrorCode {
  if (status === 401) return "OCI_UNAUTHORIZED";
  if (status === 403) return "OCI_FORBIDDEN";
  if (status === 405 || status === 501 || codes.includes("UNSUPPORTED")) return "OCI_UNSUPPORTED";
  if (status === 404) return "OCI_NOT_FOUND";
  if (status === 408 || status === 429 || status >= 500) return "OCI_UNAVAILABLE";
  return "OCI_STATUS";
}

async function readText(body: ByteStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      received += chunk.length;
      if (received >= errorBodyMaxBytes) break;
    }
  } catch {
    // The status is the news. What was read of its explanation is enough.
  }
  return Buffer.concat(chunks).subarray(0, errorBodyMaxBytes).toString();
}

/** The spec's `{"errors":[…]}`; plain text as one message; HTML says nothing. */
function parseErrors(text: string): readonly RegistryError[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const line = text.trim().split("\n", 1)[0] ?? "";
    return line === "" || line.startsWith("<") ? [] : [{ code: "", message: line, detail: "" }];
  }
  const list = typeof json === "object" && json !== null && "errors" in json ? json.errors : undefined;
  return Array.isArray(list) ? list.slice(0, 5).flatMap(parseError) : [];
}

function parseError(entry: unknown): readonly RegistryError[] {
  if (typeof entry !== "object" || entry === null) return [];
  const { code, message, detail } = entry as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return [{ code: text(code), message: text(message), detail: text(detail) || encodeDetail(detail) }];
}

/** Nothing, an empty object and an empty list say nothing. */
function encodeDetail(detail: unknown): string {
  const isEmpty = typeof detail !== "object" || detail === null || Object.keys(detail).length === 0;
  return isEmpty ? "" : JSON.stringify(detail);
}
