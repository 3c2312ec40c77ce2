/** Requests of a download. */
import type { Descriptor } from "../../oci/descriptor.ts";
import type { HttpResponse, RetryBudget } from "../../http/index.ts";
import { isManifestMediaType } from "../../oci/media-types.ts";
import { acceptedManifests } from "../requests/accept.ts";
import { blobUrl, manifestUrl, pullScope, type Repository } from "../requests/context.ts";

export type Wanted = Pick<Descriptor, "digest" | "size" | "mediaType">;

export interface Download {
  readonly repository: Repository;
  readonly descriptor: Wanted;
  readonly signal: AbortSignal | undefined;
}

/** Requests the missing bytes. If the registry answers 416 because it has fewer bytes, requests the whole content. */
export async function reopen(
  download: Download,
  { received, mode, ...how }: How & { readonly received: number; readonly mode: "range" | "whole" },
): Promise<HttpResponse> {
  if (mode === "whole") return request(download, { from: 0, ...how });
  const response = await request(download, { from: received, ...how });
  if (response.status !== 416) return response;
  await response.discard();
  return request(download, { from: 0, retryBudget: how.retryBudget });
}

export interface How {
  readonly retryBudget?: RetryBudget | undefined;
  readonly connection?: "any" | "new";
}

export function request(
  { repository, descriptor, signal }: Download,
  { from, retryBudget, connection = "any" }: How & { readonly from: number },
): Promise<HttpResponse> {
  const isManifest = isManifestMediaType(descriptor.mediaType);
  return repository.registry.send({
    method: "GET",
    url: isManifest ? manifestUrl(repository, descriptor.digest) : blobUrl(repository, descriptor.digest),
    scopes: [pullScope(repository.name)],
    headers: {
      ...(isManifest ? { accept: acceptedManifests } : {}),
      ...(from > 0 ? { range: `bytes=${from}-` } : {}),
    },
    expect: from > 0 ? [200, 206, 404, 416] : [200, 404],
    retryBudget,
    connection,
    signal,
  });
}
