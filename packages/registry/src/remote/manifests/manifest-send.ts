import type { Descriptor } from "../../oci/descriptor.ts";
import { digestAlgorithm, type Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import type { TagName } from "../../oci/tag.ts";
import { claimedDigest, manifestUrl, pushScope, type Repository } from "../requests/context.ts";

export interface ManifestPush {
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** @throws OciError OCI_DIGEST_MISMATCH if the registry says that it stored another digest */
export async function putAs(
  { repository, descriptor, bytes, signal }: ManifestPush,
  name: TagName | Digest,
  tags: readonly TagName[] = [],
): Promise<HttpResponse> {
  const query = tags.length === 0 ? undefined : new URLSearchParams(tags.map((tag): [string, string] => ["tag", tag]));
  const response = await repository.registry.send({
    method: "PUT",
    url: manifestUrl(repository, name, query),
    scopes: [pushScope(repository.name)],
    headers: { "content-type": descriptor.mediaType },
    body: bytes,
    // The specification says 201; some registries answer 200 or 202.
    expect: [200, 201, 202],
    signal,
  });
  await response.discard();
  const stored = claimedDigest(response.headers.get("docker-content-digest"));
  const comparable = stored !== undefined && digestAlgorithm(stored) === digestAlgorithm(descriptor.digest);
  if (!comparable || stored === descriptor.digest) return response;
  throw new OciError(
    "OCI_DIGEST_MISMATCH",
    `${repository.registry.name}/${repository.name} stored ${stored} instead of ${descriptor.digest}`,
    { details: { wanted: descriptor.digest, got: stored } },
  );
}
