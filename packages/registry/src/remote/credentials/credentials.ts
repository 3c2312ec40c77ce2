/**
 * Sources of credentials. A provider is asked for one registry (and repository) and answers for that one only. It is asked
 * again later by a long-lived client, because some credentials (ECR's) are valid for hours only.
 */
import { isDockerHub } from "../../oci/reference.ts";

export type Credential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token. `username` is sent with it to token servers that support GET only. */
  | { readonly kind: "identity-token"; readonly token: string; readonly username?: string }
  /** A Bearer token, sent to the registry unchanged. */
  | { readonly kind: "bearer"; readonly token: string }
  /** A complete `Authorization` value. */
  | { readonly kind: "authorization"; readonly value: string }
  | { readonly kind: "anonymous" };

export interface CredentialTarget {
  /** host[:port], as the user wrote it */
  readonly registry: string;
  readonly repository?: string | undefined;
}

export interface CredentialProvider {
  /**
   * Returns undefined if this provider has nothing for the registry. `anonymous` ends a chain of providers.
   * @throws OciError OCI_CREDENTIALS_UNAVAILABLE if a configured source does not work
   */
  find(target: CredentialTarget): Promise<Credential | undefined>;
}

/** Makes a provider with one credential for every registry that the client is made for. */
export function createStaticCredentials(credential: Credential): CredentialProvider {
  return { find: () => Promise.resolve(credential) };
}

/** The first provider that has a credential wins. A provider that fails ends the search [T62]. */
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

/** Returns the `Authorization` value for a server that accepts the credential itself, or undefined if only a token server accepts it. */
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

/** Returns one spelling for each registry, under which its credentials are kept: Docker Hub's three names become one. */
export function credentialHost(registry: string): string {
  const lower = registry.toLowerCase();
  return isDockerHub(lower) ? "docker.io" : lower;
}

/** The key of Docker Hub in Docker's files and helpers. */
export const dockerHubKey = "https://index.docker.io/v1/";

/** The user name that marks an identity token as the secret (Docker's helper protocol). */
export const identityTokenUser = "<token>";

function encodeBasic(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}
