/**
 * A registry can repeat what a request sent to it. What is secret there must not come into an error, which goes to logs: every
 * error that leaves a registry's client passes through `clean`, and every warning through `cut`.
 */
import { OciError, type ErrorDetails } from "../../errors.ts";
import type { Credential } from "../credentials/credentials.ts";

/** A shorter text is found by chance in words that are no secret. */
const secretMinLength = 6;

/** Tokens change: the last ones are remembered. */
const secretsMax = 256;

/** Errors have causes, which have causes. */
const causesMax = 8;

export interface SecretKeeper {
  /** Values of a request's headers: whole, without their scheme, and the password of Basic credentials. */
  readonly rememberHeaders: (headers: Readonly<Record<string, string>>) => void;
  readonly rememberCredential: (credential: Credential) => void;
  /** The text without secrets, in any case of letters, also as they stand in JSON and in a URL. */
  readonly cut: (text: string) => string;
  /** The same error, or one without secrets in its message, details and causes. Other errors than OciErrors are the caller's own. */
  readonly clean: (error: unknown) => unknown;
}

export function createSecretKeeper(): SecretKeeper {
  const secrets = new Set<string>();
  const remember = (texts: readonly string[]): void => {
    for (const text of texts.filter(({ length }) => length >= secretMinLength)) {
      secrets.delete(text);
      secrets.add(text);
    }
    for (const oldest of secrets) if (secrets.size > secretsMax) secrets.delete(oldest);
  };
  const cut = (text: string): string => cutAll(text, [...secrets]);
  return {
    rememberHeaders: (headers) =>
      remember(
        Object.entries(headers).flatMap(([name, value]) =>
          name.toLowerCase() === "user-agent" ? [] : [value, ...partsOf(value)],
        ),
      ),
    rememberCredential: (credential) => remember(secretsOf(credential)),
    cut,
    clean: (error) => cleanError(error, cut, causesMax),
  };
}

function partsOf(value: string): readonly string[] {
  const [, scheme = "", credentials = ""] = /^(\S+) +(.*)$/.exec(value) ?? [];
  if (scheme.toLowerCase() !== "basic") return [credentials];
  const decoded = Buffer.from(credentials, "base64").toString();
  return [credentials, decoded, decoded.slice(decoded.indexOf(":") + 1)];
}

function secretsOf(credential: Credential): readonly string[] {
  switch (credential.kind) {
    case "basic":
      return [credential.password];
    case "authorization":
      return [credential.value, ...partsOf(credential.value)];
    case "bearer":
    case "identity-token":
      return [credential.token];
    case "anonymous":
      return [];
  }
}

const shownInstead = "[secret]";

function cutAll(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const longestFirst = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return text;
  const shown = text.replaceAll(new RegExp(longestFirst.map(escapePattern).join("|"), "gi"), shownInstead);
  // A server chooses which characters of a URL it encodes.
  const decoded = decodePercents(shown).toLowerCase();
  return secrets.some((secret) => decoded.includes(secret.toLowerCase())) ? shownInstead : shown;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function decodePercents(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString());
}

type Cut = SecretKeeper["cut"];

function cleanError(error: unknown, cut: Cut, causesLeft: number): unknown {
  if (!OciError.is(error)) return error;
  const message = cut(error.message);
  const details = cutDetails(error.details, cut);
  const cause = causesLeft === 0 ? undefined : cleanCause(error.cause, cut, causesLeft - 1);
  const isClean = message === error.message && details === error.details && cause === error.cause;
  return isClean ? error : new OciError(error.code, message, { details, cause });
}

/** A cause of another kind that holds a secret is left out. */
function cleanCause(cause: unknown, cut: Cut, causesLeft: number): unknown {
  if (OciError.is(cause)) return cleanError(cause, cut, causesLeft);
  const text = cause instanceof Error ? `${cause.message} ${String(cause.cause)}` : "";
  return cut(text) === text ? cause : undefined;
}

function cutDetails(details: ErrorDetails, cut: Cut): ErrorDetails {
  const entries = Object.entries(details).map(([name, value]): [string, ErrorDetails[string]] => {
    if (typeof value === "number") return [name, value];
    return [name, typeof value === "string" ? cut(value) : value.map(cut)];
  });
  const changed = Object.fromEntries(entries);
  return JSON.stringify(changed) === JSON.stringify(details) ? details : changed;
}

/** The same methods, whose errors are clean: thrown, of a promise, or of a list while it is read. */
export function withCleanErrors<Methods extends object>(methods: Methods, clean: SecretKeeper["clean"]): Methods {
  const entries = Object.entries(methods as Readonly<Record<string, unknown>>);
  const guarded = entries.map(([name, value]) => [
    name,
    typeof value === "function" ? guard(value as Call, clean) : value,
  ]);
  return Object.fromEntries(guarded) as Methods;
}

type Call = (...args: never) => unknown;

function guard(call: Call, clean: SecretKeeper["clean"]): (...args: readonly unknown[]) => unknown {
  return (...args) => {
    try {
      const result: unknown = Reflect.apply(call, undefined, args);
      if (result instanceof Promise) return rejectingClean(result, clean);
      return isIterable(result) ? readClean(result, clean) : result;
    } catch (error) {
      throw clean(error);
    }
  };
}

async function rejectingClean(result: Promise<unknown>, clean: SecretKeeper["clean"]): Promise<unknown> {
  try {
    return await result;
  } catch (error) {
    throw clean(error);
  }
}

async function* readClean(list: AsyncIterable<unknown>, clean: SecretKeeper["clean"]): AsyncGenerator {
  try {
    yield* list;
  } catch (error) {
    throw clean(error);
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
