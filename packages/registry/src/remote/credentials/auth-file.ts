/**
 * Files that hold credentials by registry: Docker's config.json, the containers tools' auth.json and the legacy .dockercfg.
 * For one registry they are tried in this order: its own helper, the helper for all registries, an entry of the file. A key
 * may be a host, a URL, or (containers) a host with a namespace, of which the longest match counts. A host is compared as a
 * whole, port included, never by a part of it.
 */
import { OciError } from "../../errors.ts";
import { FileError, findFile } from "../../files/index.ts";
import { authFileMaxBytes } from "./auth-limits.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { credentialHost, type Credential, type CredentialTarget } from "./credentials.ts";

type JsonObject = Readonly<Record<string, unknown>>;

export interface AuthFile {
  readonly path: string;
  /** Key as written -> entry, unparsed. */
  readonly auths: ReadonlyMap<string, unknown>;
  /** Host -> name of its helper. An empty name means no helper: the file itself is used. */
  readonly helpers: ReadonlyMap<string, string>;
  readonly store: string | undefined;
  /** Docker's `HttpHeaders`: headers for every request to a registry. */
  readonly headers: ReadonlyMap<string, string>;
}

export type AuthFileFormat = "config" | "dockercfg";

/** Returns undefined if the file does not exist. @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export async function readAuthFile(path: string, format: AuthFileFormat = "config"): Promise<AuthFile | undefined> {
  const text = await readAuthText(path);
  if (text === undefined) return undefined;
  const json = parseAuthJson(text, path);
  if (format === "dockercfg") {
    return { path, auths: entriesOf(json), helpers: new Map(), store: undefined, headers: new Map() };
  }
  const helpers = [...textsOf(json["credHelpers"])].map(([key, name]) => [parseKey(key).host, name] as const);
  const store = json["credsStore"];
  return {
    path,
    auths: entriesOf(json["auths"]),
    helpers: new Map(helpers),
    store: typeof store === "string" && store !== "" ? store : undefined,
    headers: textsOf(json["HttpHeaders"]),
  };
}

/** An empty file has no entries. @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export function parseAuthJson(text: string, path: string): JsonObject {
  // PowerShell writes a byte order mark.
  const bare = text.replace(/^\uFEFF/, "");
  if (bare.trim() === "") return {};
  try {
    const json: unknown = JSON.parse(bare);
    if (isObject(json)) return json;
  } catch {
    // The parser's message quotes the file, so it is dropped.
  }
  throw unreadable(path, "is not a JSON object");
}

/** The name of the helper that is configured for a registry. */
export function findHelperName(file: AuthFile, registry: string): string | undefined {
  const name = file.helpers.get(credentialHost(registry)) ?? file.store;
  return name === "" ? undefined : name;
}

/** @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export async function findInAuthFile(
  file: AuthFile,
  target: CredentialTarget,
  helper: CredentialHelper,
): Promise<Credential | undefined> {
  const own = file.helpers.get(credentialHost(target.registry));
  const names = own === "" ? [] : new Set([own, file.store]);
  for (const name of names) {
    const found = name === undefined ? undefined : await helper.find(name, target.registry);
    if (found !== undefined) return found;
  }
  return findEntry(file, target);
}

function findEntry({ path, auths }: AuthFile, target: CredentialTarget): Credential | undefined {
  const host = credentialHost(target.registry);
  const repository = `${target.repository ?? ""}/`;
  const fitting = [...auths]
    .map(([key, entry]) => ({ key, entry, ...parseKey(key) }))
    .filter((entry) => entry.host === host && repository.startsWith(entry.namespace))
    .toSorted((a, b) => b.namespace.length - a.namespace.length);
  for (const { key, entry } of fitting) {
    const credential = parseEntry(entry, `${path}: ${key}`);
    if (credential !== undefined) return credential;
  }
  return undefined;
}

/** Whether a key of `auths` stands for this registry as a whole. */
export function isKeyOf(key: string, registry: string): boolean {
  const { host, namespace } = parseKey(key);
  return host === credentialHost(registry) && namespace === "";
}

/** Docker writes URLs with paths that have no meaning (`/v1/`); the containers tools write namespaces without a scheme. */
function parseKey(key: string): { readonly host: string; readonly namespace: string } {
  const [, scheme, host = "", path = ""] = /^(https?:\/\/)?([^/]*)\/?(.*?)\/*$/i.exec(key) ?? [];
  const isNamespace = scheme === undefined && path !== "" && !/^v[12]$/.test(path);
  return { host: credentialHost(host), namespace: isNamespace ? `${path}/` : "" };
}

/** Returns undefined for an empty entry, which means that a helper has the credential. */
function parseEntry(entry: unknown, where: string): Credential | undefined {
  if (!isObject(entry)) throw unreadable(where, "is not an object");
  const text = (name: string): string | undefined => {
    const value = entry[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const [registryToken, identityToken, auth] = [text("registrytoken"), text("identitytoken"), text("auth")];
  if (registryToken !== undefined) return { kind: "bearer", token: registryToken };
  const pair = auth === undefined ? { username: text("username"), password: text("password") } : parseAuth(auth, where);
  const { username, password } = pair;
  if (identityToken !== undefined) {
    return { kind: "identity-token", token: identityToken, ...(username !== undefined && { username }) };
  }
  return username === undefined || password === undefined ? undefined : { kind: "basic", username, password };
}

/** base64 of `user:password`. The password may contain colons, and some writers pad it with NULs. */
function parseAuth(auth: string, where: string): { readonly username: string; readonly password: string } {
  const plain = Buffer.from(auth, "base64").toString();
  const colon = plain.indexOf(":");
  if (colon < 1) throw unreadable(where, "holds an `auth` that is not user:password in base64");
  return { username: plain.slice(0, colon), password: plain.slice(colon + 1).replace(/\0+$/, "") };
}

/** Returns undefined if the file does not exist. @throws OciError OCI_CREDENTIALS_UNAVAILABLE */
export async function readAuthText(path: string): Promise<string | undefined> {
  try {
    return (await findFile(path, { maxBytes: authFileMaxBytes, followLinks: true }))?.toString("utf8");
  } catch (cause) {
    const code = FileError.is(cause) ? cause.code : undefined;
    if (code === "FILE_NOT_REGULAR") throw unreadable(path, "is not a regular file", cause);
    throw unreadable(
      path,
      code === "FILE_TOO_LARGE" ? `has more than ${authFileMaxBytes} bytes` : "cannot be read",
      cause,
    );
  }
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function entriesOf(json: unknown): ReadonlyMap<string, unknown> {
  return new Map(isObject(json) ? Object.entries(json) : []);
}

function textsOf(json: unknown): ReadonlyMap<string, string> {
  const entries = isObject(json) ? Object.entries(json) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function unreadable(path: string, what: string, cause?: unknown): OciError {
  return new OciError("OCI_CREDENTIALS_UNAVAILABLE", `credentials file ${path} ${what}`, {
    details: { path },
    ...(cause !== undefined && { cause }),
  });
}
