import { isRepositoryName, type RepositoryName } from "../reference.ts";
import type { StoreOptions } from "../store.ts";
import type { Scope } from "./auth/authorizer.ts";
import type { Registry } from "./requests/context.ts";
import { listNames } from "./requests/paging.ts";

const catalogScope: Scope = { type: "registry", name: "catalog", actions: ["*"] };

/** Every repository that the registry lists; what is no repository's name is left out. @throws OciError OCI_NOT_FOUND, OCI_UNSUPPORTED where it keeps no catalog */
export async function* listRepositories(
  registry: Registry,
  { signal }: StoreOptions = {},
): AsyncGenerator<RepositoryName> {
  const url = new URL("/v2/_catalog", registry.base);
  const request = { method: "GET", url, scopes: [catalogScope], expect: [200], signal } as const;
  for await (const name of listNames(registry, request, "repositories")) if (isRepositoryName(name)) yield name;
}
