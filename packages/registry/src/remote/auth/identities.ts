/** Credentials at one registry. The provider is asked once an hour for each repository, and again after a refusal. */
import { createHash } from "node:crypto";
import { credentialMaxAgeMs, credentialMinAgeMs } from "../credentials/auth-limits.ts";
import type { Credential, CredentialProvider, CredentialTarget } from "../credentials/credentials.ts";
import { createSingleFlight } from "../../concurrency.ts";

export interface Identity {
  readonly repository: string | undefined;
  readonly credential: Credential;
  /** Equal for equal credentials. Not a secret. */
  readonly id: string;
  readonly foundAt: number;
}

export interface Identities {
  find(repository: string | undefined, signal: AbortSignal | undefined): Promise<Identity>;
  /** Asks the provider again. Returns undefined if it returns the same credential. */
  renew(identity: Identity, signal: AbortSignal | undefined): Promise<Identity | undefined>;
}

export interface IdentitiesOptions {
  readonly registry: string;
  readonly credentials?: CredentialProvider | undefined;
  readonly now: () => Date;
}

export function createIdentities({ registry, credentials, now }: IdentitiesOptions): Identities {
  const known = new Map<string | undefined, Identity>();
  const singleFlight = createSingleFlight<Identity>({ last: "leaves" });

  async function ask(repository: string | undefined): Promise<Identity> {
    const target: CredentialTarget = { registry, ...(repository !== undefined && { repository }) };
    const credential = (await credentials?.find(target)) ?? { kind: "anonymous" };
    const identity = { repository, credential, id: identify(credential), foundAt: now().getTime() };
    for (const [key, { foundAt }] of known) if (isOlder(foundAt, credentialMaxAgeMs)) known.delete(key);
    known.set(repository, identity);
    return identity;
  }

  const isOlder = (foundAt: number, ageMs: number): boolean => now().getTime() - foundAt >= ageMs;

  async function find(repository: string | undefined, signal: AbortSignal | undefined): Promise<Identity> {
    const identity = known.get(repository);
    if (identity !== undefined && !isOlder(identity.foundAt, credentialMaxAgeMs)) return identity;
    return singleFlight(repository ?? "", () => ask(repository), signal);
  }

  return {
    find,
    async renew({ repository, id, foundAt }, signal) {
      if (!isOlder(foundAt, credentialMinAgeMs)) return undefined;
      if (known.get(repository)?.foundAt === foundAt) known.delete(repository);
      const identity = await find(repository, signal);
      return identity.id === id ? undefined : identity;
    },
  };
}

function identify(credential: Credential): string {
  return createHash("sha256").update(JSON.stringify(credential)).digest("base64url");
}
