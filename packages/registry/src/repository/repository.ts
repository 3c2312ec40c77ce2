/**
 * A repository from one string: `host[:port]/repository` of a registry, or `oci:DIR`, an OCI image-layout directory.
 * This is the way in for programs that need no more than defaults; the two stores behind it can be made directly, with
 * every option, by `@dtuf/registry/remote` and `@dtuf/registry/layout`.
 */
import { OciError } from "../errors.ts";
import type { TimeAndChance } from "../http/retry-budget.ts";
import { parseReference } from "../reference.ts";
import type { CredentialProvider } from "../remote/credentials/credentials.ts";
import type { HomeCredentialsOptions } from "../remote/credentials/home-credentials.ts";
import type { Transport, TransportOptions } from "../http/http.ts";
import type { RangeReader, ReadStore, WriteStore } from "../store.ts";

export interface OpenRepositoryOptions extends TimeAndChance, HomeCredentialsOptions {
  /** Default "https". "http" is allowed for the registry that is named and no other host. */
  readonly scheme?: "https" | "http" | undefined;
  /** Default: the user's own, as `docker login` keeps them (`createHomeCredentials`). */
  readonly credentials?: CredentialProvider | undefined;
  /** A transport that is shared and stays open, or the options of one. Default: one with defaults. */
  readonly transport?: Transport | TransportOptions | undefined;
}

export interface OpenedRepository<Store> {
  /** As it was given. */
  readonly name: string;
  readonly store: Store;
  /** Ends its connections. */
  close(): Promise<void>;
}

export type RepositoryLocation =
  | { readonly kind: "registry"; readonly registry: string; readonly repository: string }
  | { readonly kind: "layout"; readonly directory: string };

/**
 * Says where a repository is. Nothing is opened.
 * @throws OciError OCI_REFERENCE_INVALID, also for a tag or a digest: a repository has neither
 */
export function parseRepositoryLocation(text: string): RepositoryLocation {
  if (text.startsWith("oci:")) {
    const directory = text.slice("oci:".length);
    if (directory !== "") return { kind: "layout", directory };
    throw invalid(text, "oci:DIR");
  }
  // As the command line has it: without one of these, the first component would be a repository's.
  if (!/^(?:localhost\/|[^/]*[.:])/.test(text)) throw invalid(text, "host[:port]/repository or oci:DIR");
  const { registry, repository, tag, digest } = parseReference(text);
  if (tag === undefined && digest === undefined) return { kind: "registry", registry, repository };
  throw invalid(text, "host[:port]/repository, without a tag or a digest");
}

function invalid(text: string, wanted: string): OciError {
  const message = `not a repository: ${JSON.stringify(text)}; wanted ${wanted}`;
  return new OciError("OCI_REFERENCE_INVALID", message, { details: { got: text, wanted } });
}

/**
 * A repository to read from and to write to. Makes no request and touches no file.
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
 * The same, for programs that only read: its type has no operation that writes.
 * @throws OciError OCI_REFERENCE_INVALID
 */
export function openReadOnlyRepository(
  name: string,
  options: OpenRepositoryOptions = {},
): Promise<OpenedRepository<ReadStore & RangeReader>> {
  return openRepository(name, options);
}
