/** A repository of a hostile registry and a client for it whose waits take no time. */
import {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type RemoteStore,
} from "@dtuf/registry/remote";
import {
  createHostileRegistry,
  type HostileRegistry,
  type HostileRegistryOptions,
} from "./hostile-registry/hostile-registry.ts";

export interface RemoteRepository extends AsyncDisposable {
  readonly registry: HostileRegistry;
  readonly client: RegistryClient;
  /** `fred/demo` */
  readonly store: RemoteStore;
  /** The requests since the log was cleared: `GET /v2/`, without queries. */
  asked(): readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function createRemoteRepository(
  options: HostileRegistryOptions & { readonly client?: Partial<RegistryClientOptions> } = {},
): Promise<RemoteRepository> {
  const registry = await createHostileRegistry(options);
  const time = { now: () => new Date(), random: () => 0.5, sleep: () => Promise.resolve() };
  const client = createRegistryClient({
    registry: registry.host,
    scheme: registry.origin.startsWith("https:") ? "https" : "http",
    transport: { ...time, stallTimeoutMs: 30_000 },
    ...time,
    ...options.client,
  });
  return {
    registry,
    client,
    store: client.repository("fred/demo"),
    asked: () => registry.requests.map(({ method, path }) => `${method} ${path.split("?", 1)[0] ?? ""}`),
    async [Symbol.asyncDispose]() {
      await client.close();
      await registry.close();
    },
  };
}
