/**
 * Fetches one token from a token server: by GET (Docker's token protocol) or by POST (OAuth2), depending on the credential,
 * and by the other if the server does not know the first. The answer is bounded; its content type is ignored.
 */
import { OciError } from "../../errors.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../http/index.ts";
import { tokenDefaultLifetimeMs, tokenRefreshEarlyMs, tokenResponseMaxBytes } from "../credentials/auth-limits.ts";
import { authorizationOf, type Credential } from "../credentials/credentials.ts";
import type { RealmDecision } from "./realm.ts";
import { encodeScope, type Scope } from "./scope.ts";

export interface TokenFetch {
  readonly realm: RealmDecision;
  readonly service: string | undefined;
  readonly scopes: readonly Scope[];
  /** A credential of kind "bearer" is for the registry only: the token is fetched anonymously. */
  readonly credential: Credential;
}

export interface Token {
  readonly value: string;
  /** The time (milliseconds of `now`) from which a new token should be fetched. */
  readonly refreshAt: number;
}

export interface TokenContext {
  readonly transport: Transport;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

type Method = "GET" | "POST";

/**
 * @throws OciError OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_STATUS, OCI_UNAVAILABLE, OCI_RESPONSE_INVALID, OCI_LIMIT_EXCEEDED,
 *   OCI_REDIRECT_REFUSED
 */
export async function fetchToken(request: TokenFetch, context: TokenContext): Promise<Token> {
  const [first, second] = methodsOf(request.credential);
  const sentAt = context.now().getTime();
  const response = await context.transport.send(encodeRequest(first, request, context.signal));
  const body = await response.text(tokenResponseMaxBytes);
  if (second === undefined || !isMethodUnknown(response.status, body)) return parseToken(response, body, sentAt);
  const other = await context.transport.send(encodeRequest(second, request, context.signal));
  return parseToken(other, await other.text(tokenResponseMaxBytes), sentAt);
}

function methodsOf(credential: Credential): readonly [Method, Method?] {
  switch (credential.kind) {
    case "identity-token":
      return ["POST", "GET"];
    case "basic":
      return ["GET", "POST"];
    case "authorization":
    case "bearer":
    case "anonymous":
      return ["GET"];
  }
}

/** 404 and 405, and the 403 of a server (Harbor) that rejects a POST as a forged form. */
function isMethodUnknown(status: number, body: string): boolean {
  return status === 404 || status === 405 || (status === 403 && /xsrf|csrf/i.test(body));
}

function encodeRequest(method: Method, request: TokenFetch, signal: AbortSignal): HttpRequest {
  const { realm } = request;
  return method === "GET"
    ? { ...encodeGet(request), method, allowedNetwork: realm.allowedNetwork, signal }
    : { ...encodePost(request), method, allowedNetwork: realm.allowedNetwork, signal };
}

function encodeGet({ realm, service, scopes, credential }: TokenFetch): Pick<HttpRequest, "url" | "originHeaders"> {
  const url = new URL(realm.url);
  if (service !== undefined && !url.searchParams.has("service")) url.searchParams.append("service", service);
  for (const scope of scopes) url.searchParams.append("scope", encodeScope(scope));
  url.searchParams.append("client_id", clientId);
  if (credential.kind === "basic") url.searchParams.append("account", credential.username);
  const authorization = credential.kind === "bearer" ? undefined : authorizationOf(credential);
  return { url, ...(authorization !== undefined && { originHeaders: { authorization } }) };
}

/** The body holds the secret, so it must not follow a redirect to another origin. */
function encodePost(request: TokenFetch): Pick<HttpRequest, "url" | "headers" | "body" | "redirects"> {
  const { realm, service, scopes, credential } = request;
  const form = new URLSearchParams({ client_id: clientId, scope: scopes.map(encodeScope).join(" ") });
  if (service !== undefined) form.set("service", service);
  if (credential.kind === "identity-token") {
    form.set("grant_type", "refresh_token");
    form.set("refresh_token", credential.token);
  } else if (credential.kind === "basic") {
    form.set("grant_type", "password");
    form.set("username", credential.username);
    form.set("password", credential.password);
  }
  return {
    url: realm.url,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: Buffer.from(form.toString()),
    redirects: "same-origin",
  };
}

const clientId = "dtuf";

function parseToken(response: HttpResponse, body: string, sentAt: number): Token {
  requireSuccess(response);
  const json = parseObject(response, body);
  const value = [json["access_token"], json["token"]].find((text) => typeof text === "string" && text !== "");
  // The token becomes part of a header.
  if (typeof value !== "string" || !/^[!-~]+$/.test(value)) {
    throw new OciError("OCI_RESPONSE_INVALID", `token server ${response.url.host} sent no valid token`, {
      details: { host: response.url.host },
    });
  }
  const lifetimeMs = lifetimeOf(json["expires_in"]);
  const ageMs = ageOf(json["issued_at"], response, sentAt);
  const restMs = ageMs > 0 && ageMs < lifetimeMs ? lifetimeMs - ageMs : lifetimeMs;
  return { value, refreshAt: sentAt + restMs - Math.min(tokenRefreshEarlyMs, lifetimeMs / 4) };
}

function lifetimeOf(expiresIn: unknown): number {
  const seconds = typeof expiresIn === "string" ? Number(expiresIn) : expiresIn;
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : tokenDefaultLifetimeMs;
}

/**
 * The token's age on arrival, because some servers return the same token more than once. Uses the server's clock if the
 * response has `Date`. Otherwise, the local clock may be wrong by hours: a token from the future, or an expired one, counts as new.
 */
function ageOf(issuedAt: unknown, response: HttpResponse, sentAt: number): number {
  const date = Date.parse(response.headers.get("date") ?? "");
  return (Number.isNaN(date) ? sentAt : date) - Date.parse(String(issuedAt));
}

function requireSuccess({ status, url }: HttpResponse): void {
  if (status >= 200 && status < 300) return;
  const details = { host: url.host, status };
  const server = `token server ${url.host}`;
  if (status === 401) throw new OciError("OCI_UNAUTHORIZED", `${server} refuses the credentials`, { details });
  if (status === 403) throw new OciError("OCI_FORBIDDEN", `${server} denies this access`, { details });
  if (status === 429 || status >= 500)
    throw new OciError("OCI_UNAVAILABLE", `${server} answers ${status}`, { details });
  throw new OciError("OCI_STATUS", `${server} answers ${status}; wanted a token`, { details });
}

function parseObject(response: HttpResponse, body: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === "object" && json !== null) return json as Record<string, unknown>;
  } catch {
    // The parser's message quotes the body, which may hold a token.
  }
  throw new OciError("OCI_RESPONSE_INVALID", `token server ${response.url.host} sent no JSON object`, {
    details: { host: response.url.host },
  });
}
