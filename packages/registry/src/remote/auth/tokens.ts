/** The tokens of one client: one for each token server, identity and set of scopes, and one fetch of each at a time. */
import type { Network, Transport } from "../../http/index.ts";
import type { Identity } from "./identities.ts";
import { createSingleFlight } from "../../concurrency.ts";
import { decideRealm } from "./realm.ts";
import { coverScopes, encodeScope, type Scope } from "./scope.ts";
import { fetchToken, type Token } from "./token.ts";

/** The contents of a Bearer challenge, and the response that contained it. */
export interface TokenServer {
  readonly realm: string;
  readonly service: string | undefined;
  readonly challenged: URL;
  readonly network: Network | undefined;
}

export interface TokenRequest {
  readonly server: TokenServer;
  readonly identity: Identity;
  /** Merged. */
  readonly scopes: readonly Scope[];
}

export interface Tokens {
  /** Returns a valid token for these scopes: a kept one, or else a new one. */
  obtain(tokenRequest: TokenRequest, signal: AbortSignal | undefined): Promise<string>;
  /** Forgets a token that was refused. Returns whether it covered every requested scope. */
  drop(tokenRequest: TokenRequest, refused: string): boolean;
}

export interface TokensOptions {
  readonly registry: URL;
  readonly transport: Transport;
  readonly authHost: string | undefined;
  readonly now: () => Date;
}

interface Held extends Token {
  readonly owner: string;
  readonly scopes: readonly Scope[];
}

export function createTokens(options: TokensOptions): Tokens {
  const { transport, now } = options;
  const held = new Map<string, Held>();
  const singleFlight = createSingleFlight<string>({ last: "leaves" });

  async function fetch({ server, identity, scopes }: TokenRequest, signal: AbortSignal): Promise<Token> {
    const { credential } = identity;
    const secrets = credential.kind === "anonymous" ? "none" : "some";
    const realm = decideRealm({ ...options, ...server, secrets });
    return fetchToken({ realm, service: server.service, scopes, credential }, { transport, now, signal });
  }

  function keep(key: string, entry: Held): string {
    for (const [other, { refreshAt }] of held) if (refreshAt <= now().getTime()) held.delete(other);
    held.set(key, entry);
    return entry.value;
  }

  return {
    async obtain(tokenRequest, signal) {
      const { scopes } = tokenRequest;
      const owner = ownerOf(tokenRequest);
      for (const entry of held.values()) {
        const good = entry.owner === owner && now().getTime() < entry.refreshAt && coverScopes(entry.scopes, scopes);
        if (good) return entry.value;
      }
      const key = JSON.stringify([owner, scopes.map(encodeScope)]);
      return singleFlight(
        key,
        async (own) => keep(key, { ...(await fetch(tokenRequest, own)), owner, scopes }),
        signal,
      );
    },
    drop(tokenRequest, refused) {
      const owner = ownerOf(tokenRequest);
      const [key, entry] = [...held].find(([, { value, owner: whose }]) => value === refused && whose === owner) ?? [];
      if (key === undefined || entry === undefined) return false;
      held.delete(key);
      return coverScopes(entry.scopes, tokenRequest.scopes);
    },
  };
}

function ownerOf({ server, identity }: TokenRequest): string {
  return JSON.stringify([server.realm, server.service, identity.id]);
}
