import { OciError } from "../errors.ts";
import { isRepositoryName, type RepositoryName } from "../oci/reference.ts";
import type { StoreOptions } from "../store.ts";
import type { Scope } from "./auth/authorizer.ts";
import type { Registry } from "./requests/context.ts";
import { listNames } from "./requests/paging.ts";

const catalogScope: Scope = { type: "registry", name: "catalog", actions: ["*"] };

/**
 * Yields every repository that the registry lists. Invalid repository names are skipped.
 * @throws OciError OCI_UNSUPPORTED if the registry has no catalogue, like many registries
 */
export async function* listRepositories(
  registry: Registry,
  { signal }: StoreOptions = {},
): AsyncGenerator<RepositoryName> {
  const url = new URL("/v2/_catalog", registry.base);
  const request = { method: "GET", url, scopes: [catalogScope], expect: [200], signal } as const;
  try {
    for await (const name of listNames(registry, request, "repositories")) if (isRepositoryName(name)) yield name;
  } catch (error) {
    throw withoutCatalogue(error, registry.name);
  }
}

function withoutCatalogue(error: unknown, registry: string): unknown {
  if (!OciError.is(error) || (error.code !== "OCI_NOT_FOUND" && error.code !== "OCI_UNSUPPORTED")) return error;
  const message = `${registry} has no catalogue of its repositories, like many registries: ${error.message}`;
  return new OciError("OCI_UNSUPPORTED", message, { details: error.details, cause: error });
}
