/** What the services of clouds have in common: their modules are loaded when they are used, and their errors are put in our words. */
import { createHash } from "node:crypto";
import type { Key } from "@dtuf/tuf";
import { inTime, type SignerContext } from "../context.ts";
import { SignerError } from "../errors.ts";

/** Runs a request of a service's module. @throws SignerError */
export function ask<Result>(
  service: string,
  context: SignerContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return inTime(service, context, async (signal) => {
    try {
      return await work(signal);
    } catch (cause) {
      throw signal.aborted || SignerError.is(cause) ? cause : refusal(service, cause);
    }
  });
}

/** What the modules say of a failed request: a status of HTTP or of gRPC, and a name. */
interface Failure {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

const refused: ReadonlySet<unknown> = new Set([401, 403, 7, 16]);
const absent: ReadonlySet<unknown> = new Set([404, 5]);

function refusal(service: string, cause: unknown): SignerError {
  const {
    name = "an error",
    message,
    code,
    statusCode,
  }: Failure = typeof cause === "object" && cause !== null ? cause : {};
  const status = statusCode ?? code;
  const word = String(name);
  const kind =
    refused.has(status) || /AccessDenied|Credential|UnrecognizedClient|ExpiredToken|Authentication/.test(word)
      ? "SIGNER_REFUSED"
      : absent.has(status) || /NotFound/.test(word)
        ? "SIGNER_NOT_FOUND"
        : "SIGNER_UNAVAILABLE";
  const why = typeof status === "number" ? `${word} (${status})` : `${word}: ${String(message).slice(0, 200)}`;
  return new SignerError(kind, `${service} did not take the request: ${why}`, { cause });
}

export type DigestName = "sha256" | "sha384";

/** The digest that the key's scheme signs. Only it leaves this machine. */
export function digestFor({ scheme }: Key, payload: Uint8Array): { readonly name: DigestName; readonly bytes: Buffer } {
  const name = scheme.endsWith("384") ? "sha384" : "sha256";
  return { name, bytes: createHash(name).update(payload).digest() };
}

/** @throws SignerError SIGNER_UNAVAILABLE if the service made none */
export function signatureOf(service: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length > 0) return bytes;
  throw new SignerError("SIGNER_UNAVAILABLE", `${service} made no signature`);
}
