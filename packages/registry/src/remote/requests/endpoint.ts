/** The address of a registry's API, and the names of its repositories there. */
import { OciError } from "../../errors.ts";
import { isDockerHub, parseRegistryHost, parseRepositoryName, type RepositoryName } from "../../oci/reference.ts";

/** The host of Docker Hub's API, for each of its names. */
const dockerHubHost = "registry-1.docker.io";

/** Clients limit host, slash and name together (distribution-spec, "Pulling manifests"). */
const nameMaxLength = 255;

/** `https://host[:port]/`. @throws OciError OCI_REFERENCE_INVALID */
export function parseEndpoint(registry: string, scheme: "https" | "http" = "https"): URL {
  const host = parseRegistryHost(registry);
  return new URL(isDockerHub(host) ? `https://${dockerHubHost}/` : `${scheme}://${host}/`);
}

/** The name for URLs and scopes: Docker Hub's one-component names get the prefix `library/`. @throws OciError OCI_REFERENCE_INVALID */
export function parseRemoteName(endpoint: URL, name: string): RepositoryName {
  const library = endpoint.host === dockerHubHost && !name.includes("/");
  const full = parseRepositoryName(library ? `library/${name}` : name);
  if (endpoint.host.length + 1 + full.length <= nameMaxLength) return full;
  throw new OciError(
    "OCI_REFERENCE_INVALID",
    `repository ${full} of ${endpoint.host}: host and name may have at most ${nameMaxLength} characters together`,
    { details: { got: full, limit: nameMaxLength } },
  );
}
