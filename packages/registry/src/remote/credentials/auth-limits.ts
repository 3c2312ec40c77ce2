/** Limits of the authentication, each with its reason. */

/** A token of a hundred scopes with its certificate chain has 20 KiB; a refresh token may come with it. */
export const tokenResponseMaxBytes: number = 128 * 1024;

/** Token protocol: the lifetime if `expires_in` is missing. */
export const tokenDefaultLifetimeMs: number = 60_000;

/** Maximum time before its end at which a token is replaced (a quarter of a short lifetime): one slow request and its retry. */
export const tokenRefreshEarlyMs: number = 30_000;

/** Credentials are requested again after this, because ECR's are valid for 12 hours and a helper may have new ones. */
export const credentialMaxAgeMs: number = 60 * 60 * 1000;

/** Files of credentials: a thousand registries with one kilobyte each. */
export const authFileMaxBytes: number = 1024 * 1024;

/** Maximum output of a credential helper: one secret; the largest known (a cloud's key file) has 3 KiB. */
export const helperOutputMaxBytes: number = 128 * 1024;

/** A helper may call a cloud service or ask the user to unlock a keyring. */
export const helperTimeoutMs: number = 60_000;

/** Refused credentials younger than this are wrong, not expired, so the provider is not asked again. */
export const credentialMinAgeMs: number = 60_000;
