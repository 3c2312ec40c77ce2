/** Bounds of the authentication, each with its reason. */

/** A token of a hundred scopes with its certificate chain is 20 KiB, beside a refresh token: as much again, and room. */
export const tokenResponseMaxBytes: number = 128 * 1024;

/** Token protocol: what `expires_in` means where it is left out. */
export const tokenDefaultLifetimeMs: number = 60_000;

/** How long before its end a token is replaced, at most (a quarter of a short life): one slow request and its retry. */
export const tokenRefreshEarlyMs: number = 30_000;

/** Credentials are asked for again after this: ECR's live 12 hours, and a helper may have new ones at any time. */
export const credentialMaxAgeMs: number = 60 * 60 * 1000;

/** Files of credentials: a thousand registries of a kilobyte each. */
export const authFileMaxBytes: number = 1024 * 1024;

/** What a credential helper may write: one secret, of which the largest known (a cloud's key file) is 3 KiB. */
export const helperOutputMaxBytes: number = 128 * 1024;

/** A helper may talk to a cloud, or ask the user to unlock a keyring. */
export const helperTimeoutMs: number = 60_000;

/** Refused credentials younger than this are wrong, not old: nobody is asked again. */
export const credentialMinAgeMs: number = 60_000;
