/** What a signer may use of the outside world. */
import type { KeyObject } from "node:crypto";
import type { Key, Signer } from "@dtuf/tuf";
import { SignerError } from "./errors.ts";
import { defaultDeadlineMs } from "./limits.ts";

export interface SecretRequest {
  /** A passphrase of a key file, or the PIN of a token. */
  readonly secret: "passphrase" | "pin";
  /** What it opens, for the prompt. */
  readonly of: string;
  /** How many secrets for it were wrong just now. Asked again while the answer is another one, up to three times. */
  readonly refused: number;
}

/** Called only if a secret is needed. Undefined or "" means that there is none. */
export type SecretProvider = (request: SecretRequest) => Promise<string | undefined>;

/** The part of keytar's interface that is used. */
export interface Keychain {
  getPassword(service: string, account: string): Promise<string | null>;
}

export interface AgeOptions {
  /** For messages. */
  readonly path: string;
  readonly passphrase: () => Promise<string | undefined>;
}

export interface SignerContext {
  /** For `envvar:`, and for the addresses and credentials of services. Commands get none of it but PATH and its like. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths begin here. Default: the directory of the process. */
  readonly cwd?: string | undefined;
  readonly secret?: SecretProvider | undefined;
  /** The public key that the signer must have. Without it, the signer's own is taken. */
  readonly key?: Key | undefined;
  /** A module of keytar's interface. Default: the module installed as `keytar`. */
  readonly keychain?: Keychain | undefined;
  /** How long a service, a device or a command may take for one answer, in milliseconds. Default: 30,000. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Opens an armored age file, as `parsePrivateKey` of `@dtuf/master/keys` does: it throws an error whose code ends in
   * `PASSPHRASE_WRONG` for a wrong passphrase. Without it, no age file is opened.
   */
  readonly openAge?: ((text: string, options: AgeOptions) => Promise<KeyObject>) | undefined;
}

/** The part of a URI behind `scheme:`. */
export interface SignerUri {
  readonly scheme: string;
  readonly rest: string;
  /** The whole, for messages: signers' URIs hold no secrets. */
  readonly text: string;
}

export type OpenScheme = (uri: SignerUri, context: SignerContext) => Promise<Signer>;

/** @throws SignerError SIGNER_URI_INVALID */
export function parseSignerUri(text: string): SignerUri {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.+)$/su.exec(text) ?? [];
  if (scheme !== undefined && rest !== undefined && !/\p{Cc}/u.test(text)) return { scheme, rest, text };
  throw new SignerError("SIGNER_URI_INVALID", `${JSON.stringify(text)} is no signer's URI, such as file2:PATH`);
}

/** Ends when the caller's signal does, or after the deadline. */
export function deadlineOf({ signal, deadlineMs = defaultDeadlineMs }: SignerContext): AbortSignal {
  const timeout = AbortSignal.timeout(deadlineMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

/**
 * Runs the work until the deadline. What hangs is left behind, because its call cannot be taken back.
 * @throws SignerError SIGNER_UNAVAILABLE
 */
export async function inTime<Result>(
  what: string,
  context: SignerContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const signal = deadlineOf(context);
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  try {
    return await Promise.race([work(signal), promise]);
  } catch (cause) {
    throw unavailable(what, context, signal.aborted ? signal.reason : cause);
  }
}

/** @throws SignerError SIGNER_UNAVAILABLE instead of the error of a deadline; the caller's abort is passed on */
export function unavailable(what: string, context: SignerContext, cause: unknown): unknown {
  if (SignerError.is(cause) || context.signal?.aborted === true) return cause;
  const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
  const { deadlineMs = defaultDeadlineMs } = context;
  const why = isTimeout ? `did not answer within ${deadlineMs} ms` : "cannot be used";
  return new SignerError("SIGNER_UNAVAILABLE", `${what} ${why}`, { cause });
}
