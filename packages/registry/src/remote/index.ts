export {
  createAuthorizer,
  type Authorizer,
  type AuthorizerOptions,
  type RegistryChallenge,
  type Scope,
} from "./authorizer.ts";
export { createContainersAuthCredentials, containersAuthPlaces, type AuthPlace } from "./containers-auth.ts";
export { createCredentialHelper, type CredentialHelper, type StorableCredential } from "./credential-helper.ts";
export { createDockerConfigCredentials, dockerConfigPath, readDockerHeaders } from "./docker-config.ts";
export { createKeychainCredentials, openKeychain, type Keychain } from "./keychain.ts";
export { eraseCredential, findConfiguredHelper, storeCredential, type CredentialPlace } from "./login.ts";
export { createPatternCredentials, type PatternCredential } from "./pattern-credentials.ts";
export { parseChallenges, type Challenge } from "./challenge.ts";
export {
  chainCredentials,
  createStaticCredentials,
  type Credential,
  type CredentialProvider,
  type CredentialTarget,
} from "./credentials.ts";
export { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./registry-client.ts";
export type { RemotePutOptions, RemoteStore } from "./store.ts";
export type { UploadOptions } from "./upload-rules.ts";
