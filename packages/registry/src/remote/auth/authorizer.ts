/**
 * Authorization of one client at one registry: Bearer if the registry offers it (anonymously too), Basic only if it is
 * offered alone. Tokens are kept per token server, scopes and identity, replaced before they expire or when they are refused,
 * and fetched once for all concurrent requests. No other origin gets credentials: a challenge from another origin is not
 * answered, and `decideRealm` says which token server may get a secret.
 */
import { OciError } from "../../errors.ts";
import type { Network, Transport } from "../../http/index.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import { authorizationOf, type Credential, type CredentialProvider } from "../credentials/credentials.ts";
import { createIdentities, type Identities, type Identity } from "./identities.ts";
import { parseAuthHost, requireSecure } from "./realm.ts";
import { mergeScopes, type Scope } from "./scope.ts";
import { createTokens, type TokenRequest, type Tokens, type TokenServer } from "./tokens.ts";

export type { Scope } from "./scope.ts";

export interface RegistryChallenge {
  /** The URL that answered 401, after redirects. */
  readonly url: URL;
  /** `HttpResponse.network` */
  readonly network?: Network | undefined;
  readonly wwwAuthenticate: readonly string[];
  /** The Authorization value that was refused. */
  readonly sent: string | undefined;
}

/**
 * The credentials are those of the first repository among the scopes; scopes of another are requested only if its
 * credentials are the same, so that a mount never uses the wrong ones [T65].
 *
 * Every method throws OciError: OCI_INSECURE_CREDENTIALS, OCI_CREDENTIALS_UNAVAILABLE, OCI_REALM_REFUSED, and what the
 * token server answered: OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_STATUS, OCI_RESPONSE_INVALID, OCI_UNAVAILABLE.
 */
export interface Authorizer {
  /**
   * Returns the Authorization value to send: preset, kept, or fetched if the registry's token server is already known.
   * Undefined if none is known yet; the request is then sent without one.
   */
  current(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
  /**
   * Returns the Authorization value that answers a 401, or undefined if there is none (left). To be called at most twice
   * for one request, because the first token may have too small a scope.
   */
  answer(challenge: RegistryChallenge, scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
  /** Returns a bare token for these scopes, or undefined if the registry asks for none. */
  token(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
}

export interface AuthorizerOptions {
  /** The registry's own origin: `https://host[:port]/`. */
  readonly registry: URL;
  /** The name under which credentials are looked up. Default: the URL's host. */
  readonly name?: string | undefined;
  readonly transport: Transport;
  /** Default: anonymous. */
  readonly credentials?: CredentialProvider | undefined;
  /** host[:port] that replaces the host of every realm. */
  readonly authHost?: string | undefined;
  readonly now: () => Date;
}

interface State {
  readonly registry: URL;
  readonly transport: Transport;
  readonly identities: Identities;
  readonly tokens: Tokens;
  /** Auth scheme learnt from the first challenge. Bearer is never replaced by Basic: some registries use Basic for the catalog only. */
  scheme: AuthScheme | undefined;
}

type AuthScheme = { readonly kind: "basic" | "other" } | { readonly kind: "bearer"; readonly server: TokenServer };

interface AuthChallenge {
  readonly scheme: AuthScheme;
  readonly error: string | undefined;
}

interface Principal {
  readonly identity: Identity;
  readonly scopes: readonly Scope[];
}

/** @throws TypeError for an authHost that is not host[:port] */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { registry, transport, name = registry.host } = options;
  const authHost = options.authHost === undefined ? undefined : parseAuthHost(options.authHost);
  const state: State = {
    registry,
    transport,
    identities: createIdentities({ ...options, registry: name }),
    tokens: createTokens({ ...options, authHost }),
    scheme: undefined,
  };
  return {
    current: (scopes, signal) => current(state, scopes, signal),
    async answer(refusal, scopes, signal) {
      if (refusal.url.origin !== registry.origin) return undefined;
      const challenge = learn(state, refusal);
      const principal = await identify(state, scopes, signal);
      return answer(state, { challenge, principal, sent: refusal.sent }, signal);
    },
    async token(scopes, signal) {
      if (state.scheme === undefined) await probe(state, scopes, signal);
      const value = await current(state, scopes, signal);
      return value === undefined ? undefined : /^bearer +(.*)$/i.exec(value)?.[1];
    },
  };
}

async function current(state: State, scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined> {
  const { identity, scopes: own } = await identify(state, scopes, signal);
  const plain = plainValue(state, identity, state.scheme);
  if (plain !== undefined || state.scheme?.kind !== "bearer") return plain;
  return obtain(state, { server: state.scheme.server, identity, scopes: mergeScopes(own) }, signal);
}

async function answer(
  state: State,
  {
    challenge,
    principal,
    sent,
  }: { readonly challenge: AuthChallenge; readonly principal: Principal; readonly sent: string | undefined },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { identity } = principal;
  const { scheme } = challenge;
  const plain = plainValue(state, identity, scheme);
  if (plain !== undefined && plain !== sent) return plain;
  if (plain !== undefined) {
    const renewed = await state.identities.renew(identity, signal);
    return renewed && plainValue(state, renewed, scheme);
  }
  if (scheme.kind !== "bearer") return undefined;
  // Other scopes in the challenge are ignored: a token for them would let the registry act in another repository.
  const tokenRequest = { server: scheme.server, identity, scopes: mergeScopes(principal.scopes) };
  // The refused token already covered every requested scope; a new one would not have more.
  const spent = sent !== undefined && state.tokens.drop(tokenRequest, sent.replace(/^Bearer /, ""));
  return spent && challenge.error === "insufficient_scope" ? undefined : obtain(state, tokenRequest, signal);
}

/** Fetches a token. If the credentials are refused, asks their provider for new ones and tries once more. */
async function obtain(state: State, tokenRequest: TokenRequest, signal: AbortSignal | undefined): Promise<string> {
  if (tokenRequest.identity.credential.kind !== "anonymous") requireSecure(state.registry);
  try {
    return `Bearer ${await state.tokens.obtain(tokenRequest, signal)}`;
  } catch (error) {
    if (!OciError.is(error) || error.code !== "OCI_UNAUTHORIZED") throw error;
    const identity = await state.identities.renew(tokenRequest.identity, signal);
    if (identity === undefined) throw error;
    return `Bearer ${await state.tokens.obtain({ ...tokenRequest, identity }, signal)}`;
  }
}

/** The Authorization value that needs no token server: a Bearer value at once, any other only if the registry asks for it. */
function plainValue({ registry }: State, { credential }: Identity, scheme: AuthScheme | undefined): string | undefined {
  const value = authorizationOf(credential);
  if (value === undefined || !isAskedFor(credential, value, scheme?.kind)) return undefined;
  requireSecure(registry);
  return value;
}

function isAskedFor({ kind }: Credential, value: string, scheme: AuthScheme["kind"] | undefined): boolean {
  if (/^bearer /i.test(value)) return true;
  if (kind === "authorization") return scheme === "basic" || scheme === "other";
  return kind === "basic" && scheme === "basic";
}

async function identify(state: State, scopes: readonly Scope[], signal?: AbortSignal): Promise<Principal> {
  const repository = scopes.find(({ type }) => type === "repository")?.name;
  const identity = await state.identities.find(repository, signal);
  const own: Scope[] = [];
  for (const scope of scopes) {
    const other = scope.type === "repository" && scope.name !== repository;
    if (!other || (await state.identities.find(scope.name, signal)).id === identity.id) own.push(scope);
  }
  return { identity, scopes: own };
}

function learn(state: State, challenge: RegistryChallenge): AuthChallenge {
  const challenges = parseChallenges(challenge.wwwAuthenticate);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) {
    const scheme: AuthScheme = { kind: "bearer", server: readServer(bearer, challenge) };
    state.scheme = scheme;
    return { scheme, error: bearer.parameters.get("error") };
  }
  const scheme: AuthScheme = { kind: challenges.some(({ scheme }) => scheme === "basic") ? "basic" : "other" };
  if (state.scheme?.kind !== "bearer") state.scheme = scheme;
  return { scheme, error: undefined };
}

function readServer({ parameters }: Challenge, { url, network }: RegistryChallenge): TokenServer {
  const realm = parameters.get("realm");
  if (realm === undefined || realm === "") {
    throw new OciError("OCI_RESPONSE_INVALID", `${url.host} asks for a token but names no realm to get it from`, {
      details: { host: url.host },
    });
  }
  return { realm, service: parameters.get("service"), challenged: url, network };
}

/** Requests without credentials to get a challenge. Some registries send none at `/v2/` but only for a repository. */
async function probe(state: State, scopes: readonly Scope[], signal?: AbortSignal): Promise<void> {
  const repository = scopes.find(({ type }) => type === "repository")?.name;
  for (const path of ["/v2/", ...(repository === undefined ? [] : [`/v2/${repository}/tags/list`])]) {
    const url = new URL(path, state.registry);
    const response = await state.transport.send({ method: "GET", url, redirects: "same-origin", signal });
    await response.discard();
    const { network, status } = response;
    if (status !== 401) continue;
    learn(state, {
      url: response.url,
      network,
      wwwAuthenticate: response.headers.all("www-authenticate"),
      sent: undefined,
    });
    return;
  }
}
