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
