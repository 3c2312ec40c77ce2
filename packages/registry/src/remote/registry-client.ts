/** Access to a registry over HTTP: one client for each registry, one store for each of its repositories. */
import {
  createTransport,
  createRetryBudget,
  defaultRetryPolicy,
  networkOf,
  withSystemDefaults,
  type TimeAndChance,
  type Transport,
  type TransportOptions,
} from "../http/index.ts";
import type { StoreOptions } from "../store.ts";
import { createAuthorizer, type Scope } from "./auth/authorizer.ts";
import { listRepositories } from "./catalog.ts";
import type { Registry } from "./requests/context.ts";
import { createQuirks } from "./requests/quirks.ts";
import type { CredentialProvider } from "./credentials/credentials.ts";
import { parseEndpoint, parseRemoteName } from "./requests/endpoint.ts";
import { createRemoteStore } from "./remote-store.ts";
import { createSend } from "./requests/send.ts";
import { createSecretKeeper, withCleanErrors, type SecretKeeper } from "./requests/secrets.ts";
import type { RemoteStore } from "./requests/store.ts";
import { uploadRule, type UploadOptions } from "./blobs/upload-rules.ts";
import { createWarnings } from "./requests/warnings.ts";

export interface RegistryClientOptions extends TimeAndChance {
  /** `host[:port]`. `docker.io`, `index.docker.io` and `registry-1.docker.io` are Docker Hub. */
  readonly registry: string;
  /** Default "https". "http" is allowed for this host only, and with credentials only if it is a loopback address. */
  readonly scheme?: "https" | "http" | undefined;
  readonly credentials?: CredentialProvider | undefined;
  /** host[:port] that replaces the host of every realm. */
  readonly authHost?: string | undefined;
  /** A shared transport (the client does not close it), or the options of a new one. Default: a new one with defaults. */
  readonly transport?: Transport | TransportOptions | undefined;
  /**
   * The user's own headers, sent to the registry's origin only. All but `User-Agent` count as secrets: over plain http to
   * a host that is not a loopback address, every request throws OCI_INSECURE_CREDENTIALS.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called with the text of a `Warning` header, once for each text. The text is for people and not escaped. */
  readonly onWarning?: ((text: string) => void) | undefined;
  readonly upload?: UploadOptions | undefined;
}

export interface RegistryClient {
  /** `host[:port]`, as it was given. */
  readonly registry: string;
  /** @throws OciError OCI_REFERENCE_INVALID */
  repository(name: string): RemoteStore;
  /** Yields every repository of the registry's catalog; pages are fetched as the loop reaches them. @throws OciError OCI_UNSUPPORTED */
  listRepositories(options?: StoreOptions): AsyncIterable<string>;
  /**
   * Whether the host is a registry of the distribution spec that accepts the credentials.
   * @throws OciError OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_UNAVAILABLE
   */
  ping(options?: StoreOptions): Promise<boolean>;
  /** Returns a bare token for explicit actions (dxf's `auth`), or undefined if the registry asks for none. */
  token(scopes: readonly Scope[], options?: StoreOptions): Promise<string | undefined>;
  /** Closes its connections. Can be used again afterwards. */
  close(): Promise<void>;
}

/** @throws OciError OCI_REFERENCE_INVALID */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { credentials, authHost, headers = {}, onWarning } = options;
  const time = withSystemDefaults(options);
  const base = parseEndpoint(options.registry, options.scheme);
  const given: Transport | TransportOptions = options.transport ?? {};
  const secrets = createSecretKeeper();
  const transport =
    "send" in given ? given : createTransport(allowingPlainHttp(base, { ...time, ...given, redact: secrets.cut }));
  const policy = { ...defaultRetryPolicy, ...("send" in given ? {} : given.retry) };
  const authorizer = createAuthorizer({
    registry: base,
    name: options.registry,
    transport,
    credentials: credentials && remembering(credentials, secrets),
    authHost,
    now: time.now,
  });
  const warn = onWarning === undefined ? () => undefined : createWarnings(onWarning);
  const send = createSend({ base, transport, authorizer, headers, warn, secrets });
  const registry: Registry = {
    name: options.registry,
    base,
    send,
    now: time.now,
    random: time.random,
    createRetryBudget: () => createRetryBudget({ ...time, policy }),
    quirks: createQuirks(uploadRule(base.hostname, options.upload)),
    indexUpdates: new Map(),
  };
  const { clean } = secrets;
  const client: RegistryClient = {
    registry: options.registry,
    repository: (name) => withCleanErrors(createRemoteStore({ registry, name: parseRemoteName(base, name) }), clean),
    listRepositories: (listing) => listRepositories(registry, listing),
    ping: (pinging) => ping(registry, pinging),
    token: (scopes, asking) => authorizer.token(scopes, asking?.signal),
    close: () => ("send" in given ? Promise.resolve() : transport.close()),
  };
  return withCleanErrors(client, clean);
}

/** The same credentials, which are remembered: those for a token server are in no header of the registry's. */
function remembering(provider: CredentialProvider, { rememberCredential }: SecretKeeper): CredentialProvider {
  return {
    async find(target) {
      const credential = await provider.find(target);
      if (credential !== undefined) rememberCredential(credential);
      return credential;
    },
  };
}

/** Allows plain http for the named host, in addition to the hosts that the options allow. */
function allowingPlainHttp(base: URL, options: TransportOptions): TransportOptions {
  if (base.protocol === "https:" || networkOf(base.hostname) === "loopback") return options;
  const { plainHttp } = options;
  return {
    ...options,
    plainHttp: (host) => {
      if (host === base.host) return "allow";
      if (plainHttp !== undefined) return plainHttp(host);
      return networkOf(new URL(`http://${host}`).hostname) === "loopback" ? "allow" : "refuse";
    },
  };
}

async function ping(registry: Registry, { signal }: StoreOptions = {}): Promise<boolean> {
  const url = new URL("/v2/", registry.base);
  const response = await registry.send({ method: "GET", url, scopes: [], expect: [200, 404], signal });
  await response.discard();
  return response.status === 200;
}
