/** Converts an unexpected status of a registry to an error. */
import type { ByteStream } from "../../content.ts";
import { OciError, type OciErrorCode } from "../../errors.ts";
import { redactUrl, type HttpMethod, type HttpResponse } from "../../http/index.ts";
import { escapeText } from "../../escape/escape.ts";
import { errorBodyMaxBytes } from "./store-limits.ts";

interface RegistryError {
  readonly code: string;
  readonly message: string;
  /** Text, or other JSON unchanged. */
  readonly detail: string;
}

const shownMaxLength = 300;

/**
 * Reads the body of `response` up to a bound, which frees its connection. Never throws.
 * @param speaker only the registry's own text is quoted, because an address that it supplied may belong to any host
 * @param cut takes secrets out of a text, before it is shortened
 */
export async function registryError(
  method: HttpMethod,
  response: HttpResponse,
  { speaker, cut }: { readonly speaker: "registry" | "other"; readonly cut: (text: string) => string },
): Promise<OciError> {
  const text = await readText(response.body);
  const errors = (speaker === "registry" ? parseErrors(text) : []).map(({ code, message, detail }) => ({
    code: cut(code),
    message: cut(message),
    detail: cut(detail),
  }));
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
    // The status matters; the part of its explanation that was read is enough.
  }
  return Buffer.concat(chunks).subarray(0, errorBodyMaxBytes).toString();
}

/** The spec's `{"errors":[…]}`, or plain text as one message. HTML is ignored. */
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

/** Returns "" for a missing detail, an empty object and an empty list. */
function encodeDetail(detail: unknown): string {
  const isEmpty = typeof detail !== "object" || detail === null || Object.keys(detail).length === 0;
  return isEmpty ? "" : JSON.stringify(detail);
}
