import type { CredentialProvider } from "./credentials.ts";
import type { Transport } from "../http/transport.ts";

export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export interface RegistryChallenge {
  /** The URL that answered 401 (after redirects). */
  readonly url: URL;
  readonly wwwAuthenticate: readonly string[];
  /** The Authorization value that was refused. */
  readonly sent: string | undefined;
}

export interface Authorizer {
  /**
   * The Authorization value to send now: preset, cached, or fetched where the registry's token server is known already
   * and the token at hand is about to expire. Undefined: nothing known yet, send without.
   * @throws OciError OCI_INSECURE_CREDENTIALS, OCI_CREDENTIALS_UNAVAILABLE, OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_UNAVAILABLE …
   */
  current(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The answer to a 401, to be asked for once per request. Undefined: nothing (more) to offer.
   * @throws OciError as `current`, and OCI_REALM_REFUSED
   */
  answer(challenge: RegistryChallenge, scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
  /** A bare token for explicit actions; undefined where the registry asks for none. */
  token(scopes: readonly Scope[], signal?: AbortSignal): Promise<string | undefined>;
}

export interface AuthorizerOptions {
  /** The registry's own origin: `https://host[:port]/`. */
  readonly registry: URL;
  /** The name under which credentials are looked up; the URL's host where left out. */
  readonly name?: string;
  readonly transport: Transport;
  readonly credentials?: CredentialProvider | undefined;
  /** host[:port] that takes the place of every realm's host. */
  readonly authHost?: string | undefined;
  readonly now: () => Date;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  void options;
  throw new TypeError("not there yet");
}
