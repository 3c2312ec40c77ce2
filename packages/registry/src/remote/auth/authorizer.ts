/**
 * What one client shows one registry. It answers what the registry asks: Bearer where that is offered (anonymously too),
 * Basic only where it is all that is offered. Tokens are kept for each token server, scopes and identity, replaced before
 * they expire and when they are refused, and fetched once for all who wait. Nothing is shown to any other origin: a
 * challenge from elsewhere is not answered, and `decideRealm` says which token server may see a secret.
 */
import { OciError } from "../../errors.ts";
import type { Network, Transport } from "../../http/index.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import { authorizationOf, type Credential, type CredentialProvider } from "../credentials/credentials.ts";
import { createIdentities, type Identities, type Identity } from "./identities.ts";
import { parseAuthHost, requireSecure } from "./realm.ts";
import { mergeScopes, type Scope } from "./scope.ts";
import { createTokens, type Demand, type Tokens, type TokenServer } from "./tokens.ts";

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
 * The credentials are those of the first repository among the scopes; scopes of another are only asked for where its
 * credentials are the same, so that a mount never uses the wrong ones [T65].
 *
 * Every method throws OciError: OCI_INSECURE_CREDENTIALS, OCI_CREDENTIALS_UNAVAILABLE, OCI_REALM_REFUSED, and what the
 * token server said: OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_STATUS, OCI_RESPONSE_INVALID, OCI_UNAVAILABLE.
 */
export interface Authorizer {
  /**
   * The Authorization value to send now: preset, kept, or fetched where the registry's token server is known already.
   * Undefined: nothing known yet, send without.
   */
  current(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The answer to a 401, to be asked for at most twice for one request: the first may have been for too small a scope.
   * Undefined: nothing (more) to offer.
   */
  answer(challenge: RegistryChallenge, scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
  /** A bare token for these scopes; undefined where the registry asks for none. */
  token(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
}

export interface AuthorizerOptions {
  /** The registry's own origin: `https://host[:port]/`. */
  readonly registry: URL;
  /** The name under which credentials are looked up; the URL's host where left out. */
  readonly name?: string | undefined;
  readonly transport: Transport;
  /** Default: anonymous. */
  readonly credentials?: CredentialProvider | undefined;
  /** host[:port] that takes the place of every realm's host. */
  readonly authHost?: string | undefined;
  readonly now: () => Date;
}

interface State {
  readonly registry: URL;
  readonly transport: Transport;
  readonly identities: Identities;
  readonly tokens: Tokens;
  /** What the registry asks for, once it did. Bearer stays: some registries want Basic for their catalog alone. */
  manner: Manner | undefined;
}

type Manner = { readonly kind: "basic" | "other" } | { readonly kind: "bearer"; readonly server: TokenServer };

interface Asked {
  readonly manner: Manner;
  readonly error: string | undefined;
}

interface Party {
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
    manner: undefined,
  };
  return {
    current: (scopes, signal) => current(state, scopes, signal),
    async answer(challenge, scopes, signal) {
      if (challenge.url.origin !== registry.origin) return undefined;
      const asked = learn(state, challenge);
      const party = await identify(state, scopes, signal);
      return answer(state, { asked, party, sent: challenge.sent }, signal);
    },
    async token(scopes, signal) {
      if (state.manner === undefined) await probe(state, scopes, signal);
      const value = await current(state, scopes, signal);
      return value === undefined ? undefined : /^bearer +(.*)$/i.exec(value)?.[1];
    },
  };
}

async function current(state: State, scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined> {
  const { identity, scopes: own } = await identify(state, scopes, signal);
  const plain = plainValue(state, identity, state.manner);
  if (plain !== undefined || state.manner?.kind !== "bearer") return plain;
  return obtain(state, { server: state.manner.server, identity, scopes: mergeScopes(own) }, signal);
}

async function answer(
  state: State,
  { asked, party, sent }: { readonly asked: Asked; readonly party: Party; readonly sent: string | undefined },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { identity } = party;
  const { manner } = asked;
  const plain = plainValue(state, identity, manner);
  if (plain !== undefined && plain !== sent) return plain;
  if (plain !== undefined) {
    const renewed = await state.identities.renew(identity, signal);
    return renewed && plainValue(state, renewed, manner);
  }
  if (manner.kind !== "bearer") return undefined;
  // What the challenge names beyond the request is the registry's wish: a token for it would let the registry act there.
  const demand = { server: manner.server, identity, scopes: mergeScopes(party.scopes) };
  // One that was fetched for all that is demanded and is too small: another would be no larger.
  const spent = sent !== undefined && state.tokens.drop(demand, sent.replace(/^Bearer /, ""));
  return spent && asked.error === "insufficient_scope" ? undefined : obtain(state, demand, signal);
}

/** A token; where old credentials are refused, with those that their provider gives now. */
async function obtain(state: State, demand: Demand, signal: AbortSignal | undefined): Promise<string> {
  if (demand.identity.credential.kind !== "anonymous") requireSecure(state.registry);
  try {
    return `Bearer ${await state.tokens.obtain(demand, signal)}`;
  } catch (error) {
    if (!OciError.is(error) || error.code !== "OCI_UNAUTHORIZED") throw error;
    const identity = await state.identities.renew(demand.identity, signal);
    if (identity === undefined) throw error;
    return `Bearer ${await state.tokens.obtain({ ...demand, identity }, signal)}`;
  }
}

/** What goes to the registry without a token server: a Bearer's value at once, another only where that is asked for. */
function plainValue({ registry }: State, { credential }: Identity, manner: Manner | undefined): string | undefined {
  const value = authorizationOf(credential);
  if (value === undefined || !isAskedFor(credential, value, manner?.kind)) return undefined;
  requireSecure(registry);
  return value;
}

function isAskedFor({ kind }: Credential, value: string, manner: Manner["kind"] | undefined): boolean {
  if (/^bearer /i.test(value)) return true;
  if (kind === "authorization") return manner === "basic" || manner === "other";
  return kind === "basic" && manner === "basic";
}

async function identify(state: State, scopes: readonly Scope[], signal?: AbortSignal): Promise<Party> {
  const repository = scopes.find(({ type }) => type === "repository")?.name;
  const identity = await state.identities.find(repository, signal);
  const own: Scope[] = [];
  for (const scope of scopes) {
    const other = scope.type === "repository" && scope.name !== repository;
    if (!other || (await state.identities.find(scope.name, signal)).id === identity.id) own.push(scope);
  }
  return { identity, scopes: own };
}

function learn(state: State, challenge: RegistryChallenge): Asked {
  const challenges = parseChallenges(challenge.wwwAuthenticate);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) {
    const manner: Manner = { kind: "bearer", server: readServer(bearer, challenge) };
    state.manner = manner;
    return { manner, error: bearer.parameters.get("error") };
  }
  const manner: Manner = { kind: challenges.some(({ scheme }) => scheme === "basic") ? "basic" : "other" };
  if (state.manner?.kind !== "bearer") state.manner = manner;
  return { manner, error: undefined };
}

function readServer({ parameters }: Challenge, { url, network }: RegistryChallenge): TokenServer {
  const realm = parameters.get("realm");
  if (realm === undefined || realm === "") {
    throw new OciError("OCI_RESPONSE_INVALID", `${url.host} asks for a token and does not say where to get it`, {
      details: { host: url.host },
    });
  }
  return { realm, service: parameters.get("service"), challenged: url, network };
}

/** Asks without credentials, to be challenged; some registries let anybody in at `/v2/` and challenge further inside. */
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
