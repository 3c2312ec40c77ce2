import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { StoreOptions } from "../../store.ts";
import { requestBlob } from "./blob-download.ts";
import { blobUrl, claimedLength, pullScope, type Repository } from "../requests/context.ts";

/** A hint, not proof: some proxies answer wrongly. */
export async function hasBlob(repository: Repository, digest: Digest, options: StoreOptions): Promise<boolean> {
  return (await headBlob(repository, digest, options)) !== "not there";
}

/** Sends a GET if HEAD finds no blob or no size, because pull-through caches answer 404 to HEAD. */
export async function findBlob(
  repository: Repository,
  digest: Digest,
  options: StoreOptions,
): Promise<Descriptor | undefined> {
  const size = await headBlob(repository, digest, options);
  if (typeof size === "number") return { mediaType: mediaTypes.octetStream, digest, size };
  const announced = await requestBlob(repository, digest, options);
  await announced?.response.discard();
  return announced?.descriptor;
}

async function headBlob(
  repository: Repository,
  digest: Digest,
  { signal }: StoreOptions,
): Promise<number | "not there" | "of unknown size"> {
  const response = await repository.registry.send({
    method: "HEAD",
    url: blobUrl(repository, digest),
    scopes: [pullScope(repository.name)],
    expect: [200, 400, 403, 404, 405, 501],
    signal,
  });
  await response.discard();
  if (response.status !== 200) return "not there";
  // Some registries answer HEAD with a length of 0 for every blob.
  return claimedLength(response.headers.get("content-length")) || "of unknown size";
}
