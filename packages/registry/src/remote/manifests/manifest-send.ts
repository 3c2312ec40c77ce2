import type { Descriptor } from "../../descriptor.ts";
import { digestAlgorithm, type Digest } from "../../digest.ts";
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import type { TagName } from "../../tag.ts";
import { claimedDigest, manifestUrl, pushScope, type Repository } from "../requests/context.ts";

export interface ManifestPush {
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** @throws OciError OCI_DIGEST_MISMATCH where the registry says that it has stored something else */
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
    // 201 is the specification's; 200 and 202 come from registries that store it all the same.
    expect: [200, 201, 202],
    signal,
  });
  await response.discard();
  const stored = claimedDigest(response.headers.get("docker-content-digest"));
  const comparable = stored !== undefined && digestAlgorithm(stored) === digestAlgorithm(descriptor.digest);
  if (!comparable || stored === descriptor.digest) return response;
  throw new OciError(
    "OCI_DIGEST_MISMATCH",
    `${repository.registry.name}/${repository.name} stored ${stored} in place of ${descriptor.digest}`,
    { details: { wanted: descriptor.digest, got: stored } },
  );
}
