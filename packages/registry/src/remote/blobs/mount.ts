import type { Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import type { StoreOptions } from "../../store.ts";
import { pullScope, pushScope, type Repository } from "../requests/context.ts";
import { cancelUpload, sessionOf, startUpload } from "./upload-session.ts";

/**
 * Mounts from the repository `from`, or from any repository if it is undefined. The token covers the source too, but
 * only if its credentials are the same [T65]. Returns false if the registry did not mount the blob.
 */
export async function mountBlob(
  repository: Repository,
  blob: { readonly digest: Digest; readonly from: string | undefined },
  options: StoreOptions,
): Promise<boolean> {
  const response = await askForMount(repository, blob, options);
  if (response?.status === 202) {
    await cancelUpload(await sessionOf(repository, response));
    return false;
  }
  await response?.discard();
  return response?.status === 201;
}

async function askForMount(
  repository: Repository,
  { digest, from }: { readonly digest: Digest; readonly from: string | undefined },
  { signal }: StoreOptions,
): Promise<HttpResponse | undefined> {
  const own = pushScope(repository.name);
  const { quirks } = repository.registry;
  if (from !== undefined && quirks.isMountRefused(repository.name, from)) return undefined;
  try {
    return await startUpload(repository, {
      query: from === undefined ? { mount: digest } : { mount: digest, from },
      scopes: from === undefined ? [own] : [own, pullScope(from)],
      expect: [400, 404, 405, 501],
      signal,
    });
  } catch (error) {
    // Harbor says 401 if the source does not exist. A token server may refuse the source's scope, or take one scope only.
    // A mount only saves an upload: if this repository may not be written, the next request fails too.
    const refused = OciError.is(error) && mountRefusals.has(error.code);
    if (from === undefined || !refused) throw error;
    quirks.mountRefused(repository.name, from);
    return undefined;
  }
}

const mountRefusals: ReadonlySet<string> = new Set([
  "OCI_UNAUTHORIZED",
  "OCI_FORBIDDEN",
  "OCI_NOT_FOUND",
  "OCI_STATUS",
  "OCI_RESPONSE_INVALID",
]);
