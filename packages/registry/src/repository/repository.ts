/**
 * A repository from one string: `host[:port]/repository` of a registry, or `oci:DIR`, an OCI image-layout directory.
 * For programs that need no more than the defaults. `@dtuf/registry/remote` and `@dtuf/registry/layout` make the two stores
 * with every option.
 */
import { OciError } from "../errors.ts";
import { redactPlace } from "../escape/redact-place.ts";
import type { TimeAndChance } from "../http/retries/retry-budget.ts";
import { parseReference } from "../oci/reference.ts";
import type { CredentialProvider } from "../remote/credentials/credentials.ts";
import type { HomeCredentialsOptions } from "../remote/credentials/home-credentials.ts";
import type { Transport, TransportOptions } from "../http/http.ts";
import type { RangeReader, ReadStore, WriteStore } from "../store.ts";

export interface OpenRepositoryOptions extends TimeAndChance, HomeCredentialsOptions {
  /** Default "https". "http" is allowed for the named registry and no other host. */
  readonly scheme?: "https" | "http" | undefined;
  /** Default: the user's credentials, as `docker login` stores them (`createHomeCredentials`). */
  readonly credentials?: CredentialProvider | undefined;
  /** A shared transport, which stays open, or the options of a new one. Default: a new one with defaults. */
  readonly transport?: Transport | TransportOptions | undefined;
}

export interface OpenedRepository<Store> {
  /** The name as it was given. */
  readonly name: string;
  readonly store: Store;
  /** Closes its connections. */
  close(): Promise<void>;
}

export type RepositoryLocation =
  | { readonly kind: "registry"; readonly registry: string; readonly repository: string }
  | { readonly kind: "layout"; readonly directory: string };

/**
 * Parses where a repository is. Opens nothing.
 * @throws OciError OCI_REFERENCE_INVALID, also if the text has a tag or a digest
 */
export function parseRepositoryLocation(text: string): RepositoryLocation {
  if (text.startsWith("oci:")) {
    const directory = text.slice("oci:".length);
    if (directory !== "") return { kind: "layout", directory };
    throw invalid(text, "oci:DIR");
  }
  // As on the command line: without one of these, the first component belongs to a repository's name.
  if (!/^(?:localhost\/|[^/]*[.:])/.test(text)) throw invalid(text, "host[:port]/repository or oci:DIR");
  const { registry, repository, tag, digest } = parseReference(text);
  if (tag === undefined && digest === undefined) return { kind: "registry", registry, repository };
  throw invalid(text, "host[:port]/repository, without a tag or a digest");
}

function invalid(text: string, wanted: string): OciError {
  const got = redactPlace(text);
  const message = `not a repository: ${JSON.stringify(got)}; wanted ${wanted}`;
  return new OciError("OCI_REFERENCE_INVALID", message, { details: { got, wanted } });
}

/**
 * Opens a repository for reading and writing. Makes no request and touches no file.
 * @throws OciError OCI_REFERENCE_INVALID
 */
export async function openRepository(
  name: string,
  options: OpenRepositoryOptions = {},
): Promise<OpenedRepository<WriteStore & RangeReader>> {
  const location = parseRepositoryLocation(name);
  if (location.kind === "layout") {
    const { createLayoutStore } = await import("../layout/index.ts");
    const { now = (): Date => new Date() } = options;
    const store = createLayoutStore({ directory: location.directory, now });
    return { name, store, close: () => Promise.resolve() };
  }
  const { createHomeCredentials, createRegistryClient } = await import("../remote/index.ts");
  const { credentials = createHomeCredentials(options) } = options;
  const client = createRegistryClient({ ...options, credentials, registry: location.registry });
  return { name, store: client.repository(location.repository), close: () => client.close() };
}

/**
 * Opens a repository for reading: the returned type has no operation that writes.
 * @throws OciError OCI_REFERENCE_INVALID
 */
export function openReadOnlyRepository(
  name: string,
  options: OpenRepositoryOptions = {},
): Promise<OpenedRepository<ReadStore & RangeReader>> {
  return openRepository(name, options);
}
