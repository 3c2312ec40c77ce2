import type { StoreOptions } from "../store.ts";
import type { Scope } from "./auth/authorizer.ts";
import type { Registry } from "./requests/context.ts";
import { listNames } from "./requests/paging.ts";

const catalogScope: Scope = { type: "registry", name: "catalog", actions: ["*"] };

/** Every repository that the registry lists. @throws OciError OCI_NOT_FOUND, OCI_UNSUPPORTED where it keeps no catalog */
export function listRepositories(registry: Registry, { signal }: StoreOptions = {}): AsyncIterable<string> {
  const url = new URL("/v2/_catalog", registry.base);
  const request = { method: "GET", url, scopes: [catalogScope], expect: [200], signal } as const;
  return listNames(registry, request, "repositories");
}
