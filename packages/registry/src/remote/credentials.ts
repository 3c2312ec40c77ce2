/**
 * Where credentials come from. A provider is asked for one registry (and repository) and answers for that one alone;
 * it is asked again when a long-lived client needs it, because some credentials (ECR's) live for hours only.
 */

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
