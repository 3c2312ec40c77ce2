/**
 * Where credentials come from. A provider is asked for one registry (and repository) and answers for that one alone;
 * it is asked again when a long-lived client needs it, because some credentials (ECR's) live for hours only.
 */
import { isDockerHub } from "../../reference.ts";

export type Credential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token. `username` goes with it where the token server only knows GET. */
  | { readonly kind: "identity-token"; readonly token: string; readonly username?: string }
  /** Sent to the registry as it is. */
  | { readonly kind: "bearer"; readonly token: string }
  /** A whole `Authorization` value. */
  | { readonly kind: "authorization"; readonly value: string }
  | { readonly kind: "anonymous" };

export interface CredentialTarget {
  /** host[:port], as the user wrote it */
  readonly registry: string;
  readonly repository?: string | undefined;
}

export interface CredentialProvider {
  /**
   * Undefined: this provider knows nothing of that registry. `anonymous` ends a chain.
   * @throws OciError OCI_CREDENTIALS_UNAVAILABLE where a source that was asked for does not work
   */
  find(target: CredentialTarget): Promise<Credential | undefined>;
}

/** One credential for every registry that the client is made for. */
export function createStaticCredentials(credential: Credential): CredentialProvider {
  return { find: () => Promise.resolve(credential) };
}

/** The first provider that knows the registry wins; one that fails ends the search [T62]. */
export function chainCredentials(providers: readonly CredentialProvider[]): CredentialProvider {
  return {
    async find(target) {
      for (const provider of providers) {
        const found = await provider.find(target);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** The `Authorization` value for a server that takes the credential itself; undefined for one that only buys tokens. */
export function authorizationOf(credential: Credential): string | undefined {
  switch (credential.kind) {
    case "basic":
      return `Basic ${encodeBasic(credential.username, credential.password)}`;
    case "identity-token":
      return `Basic ${encodeBasic(credential.username ?? identityTokenUser, credential.token)}`;
    case "bearer":
      return `Bearer ${credential.token}`;
    case "authorization":
      return credential.value;
    case "anonymous":
      return undefined;
  }
}

/** One spelling for each registry, under which its credentials are kept: Docker Hub's three names are one. */
export function credentialHost(registry: string): string {
  const lower = registry.toLowerCase();
  return isDockerHub(lower) ? "docker.io" : lower;
}

/** How Docker's files and helpers call Docker Hub. */
export const dockerHubKey = "https://index.docker.io/v1/";

/** What stands in a user name's place where the secret is an identity token (Docker's helper protocol). */
export const identityTokenUser = "<token>";

function encodeBasic(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}
