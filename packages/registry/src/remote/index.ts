export {
  createAuthorizer,
  type Authorizer,
  type AuthorizerOptions,
  type RegistryChallenge,
  type Scope,
} from "./authorizer.ts";
export { parseChallenges, type Challenge } from "./challenge.ts";
export {
  chainCredentials,
  createStaticCredentials,
  type Credential,
  type CredentialProvider,
  type CredentialTarget,
} from "./credentials.ts";
export {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type UploadOptions,
} from "./registry-client.ts";
export type { RemotePutOptions, RemoteStore } from "./store.ts";
