export {
  createAuthorizer,
  type Authorizer,
  type AuthorizerOptions,
  type RegistryChallenge,
  type Scope,
} from "./auth/authorizer.ts";
export { findSiteHeaders, type SiteAccess } from "./auth/site-headers.ts";
export {
  createContainersAuthCredentials,
  containersAuthPlaces,
  type AuthPlace,
} from "./credentials/containers-auth.ts";
export {
  createCredentialHelper,
  type CredentialHelper,
  type StorableCredential,
} from "./credentials/credential-helper.ts";
export { createDockerConfigCredentials, dockerConfigPath, readDockerHeaders } from "./credentials/docker-config.ts";
export { createHomeCredentials, type HomeCredentialsOptions } from "./credentials/home-credentials.ts";
export { createKeychainCredentials, openKeychain, type Keychain } from "./credentials/keychain.ts";
export { eraseCredential, findConfiguredHelper, storeCredential, type CredentialPlace } from "./credentials/login.ts";
export { createPatternCredentials, type PatternCredential } from "./credentials/pattern-credentials.ts";
export { parseChallenges, type Challenge } from "./auth/challenge.ts";
export {
  chainCredentials,
  createStaticCredentials,
  type Credential,
  type CredentialProvider,
  type CredentialTarget,
} from "./credentials/credentials.ts";
export { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./registry-client.ts";
export type { RemoteStore } from "./requests/store.ts";
export type { UploadOptions } from "./blobs/upload-rules.ts";
