/** Puts a manifest under a tag that the registry may not let be moved. */
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import type { TagName } from "../../oci/tag.ts";
import { putAs, type ManifestPush } from "./manifest-send.ts";
import { resolveManifest } from "./manifests.ts";

/**
 * A tag that is refused and names the manifest already is set: undefined is returned then. The tag is looked at only after
 * a refusal, because most registries never refuse.
 * @throws OciError OCI_TAG_IMMUTABLE if the tag names another manifest and may not be moved
 */
export async function putUnderTag(push: ManifestPush, tag: TagName): Promise<HttpResponse | undefined> {
  try {
    return await putAs(push, tag);
  } catch (error) {
    if (!mayBeImmutable(error)) throw error;
    const { repository, descriptor, signal } = push;
    const got = (await resolveManifest(repository, tag, { want: "digest", signal }))?.descriptor.digest;
    if (got === descriptor.digest) return undefined;
    if (got === undefined) throw error;
    const where = `${repository.registry.name}/${repository.name}`;
    throw new OciError(
      "OCI_TAG_IMMUTABLE",
      `${where} does not let the tag ${tag} be moved from ${got} to ${descriptor.digest}: ${error.message}`,
      { details: { tag, wanted: descriptor.digest, got }, cause: error },
    );
  }
}

/** ECR answers 400 with its own code, Harbor 412, Artifactory 403 with a sentence, others 409. */
export function mayBeImmutable(error: unknown): error is OciError {
  if (!OciError.is(error)) return false;
  const { details, message } = error;
  const { status, registryCodes } = details;
  if (status === 409 || status === 412) return true;
  if (status !== 400 && status !== 403) return false;
  const codes = Array.isArray(registryCodes) ? registryCodes : [];
  return codes.includes("TAG_INVALID") || /immutable|overwrit|tag ?already ?exists/i.test(message);
}
