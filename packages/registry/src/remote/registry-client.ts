/** A registry over HTTP: one client for each registry, one store for each of its repositories. */
import type { Transport, TransportOptions } from "../http/http.ts";
import type { StoreOptions } from "../store.ts";
import type { Scope } from "./authorizer.ts";
import type { CredentialProvider } from "./credentials.ts";
import type { RemoteStore } from "./store.ts";

export interface RegistryClientOptions {
  /** `host[:port]`. `docker.io`, `index.docker.io` and `registry-1.docker.io` are Docker Hub. */
  readonly registry: string;
  /** Default "https". "http" is allowed for this host alone, and with credentials only where it is a loopback address. */
  readonly scheme?: "https" | "http" | undefined;
  readonly credentials?: CredentialProvider | undefined;
  /** host[:port] that takes the place of every realm's host. */
  readonly authHost?: string | undefined;
  /** A transport that is shared (the client does not close it), or what to make one of. */
  readonly transport: Transport | TransportOptions;
  /** The user's own headers: sent to the registry's origin only. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The text of a `Warning` header, once for each text. For people: never to be acted on. Not escaped. */
  readonly onWarning?: ((text: string) => void) | undefined;
  readonly now: () => Date;
  readonly random: () => number;
  /** Default: timers. Rejects with the signal's reason. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  readonly upload?: UploadOptions | undefined;
}

/** How blobs are sent where the registry does not say it itself. */
export interface UploadOptions {
  /** Blobs above this many bytes go in chunks. Default: those that the registry refused whole. */
  readonly wholeMaxBytes?: number | undefined;
  /** Bytes of a chunk. Default 8 MiB, 4 MiB at ghcr.io. Each upload in chunks holds one in memory. */
  readonly chunkBytes?: number | undefined;
}

export interface RegistryClient {
  /** `host[:port]`, as it was given. */
  readonly registry: string;
  /** @throws OciError OCI_REFERENCE_INVALID */
  repository(name: string): RemoteStore;
  /** Every repository of the registry's catalog, each page fetched as the loop reaches it. @throws OciError OCI_UNSUPPORTED */
  listRepositories(options?: StoreOptions): AsyncIterable<string>;
  /**
   * Whether this is a registry of the distribution spec, and lets us in.
   * @throws OciError OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_UNAVAILABLE
   */
  ping(options?: StoreOptions): Promise<boolean>;
  /** A bare token for explicit actions (dxf's `auth`); undefined where the registry asks for none. */
  token(scopes: readonly Scope[], options?: StoreOptions): Promise<string | undefined>;
  /** Ends its connections. Usable again afterwards. */
  close(): Promise<void>;
}

/** @throws OciError OCI_REFERENCE_INVALID */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  void options;
  throw new TypeError("not there yet");
}
