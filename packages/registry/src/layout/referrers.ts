/** Finds referrers by reading every listed manifest. The result for a manifest is kept, because its content never changes. */
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { OciError } from "../errors.ts";
import type { Manifest } from "../oci/manifest.ts";
import { isManifestMediaType } from "../oci/media-types.ts";
import type { StoreOptions } from "../store.ts";
import type { Layout } from "./layout.ts";
import { listEntries } from "./layout-index.ts";
import { findManifest } from "./reading.ts";

export interface Referrer {
  readonly subject: Digest | undefined;
  readonly descriptor: Descriptor;
}

export type ListReferrers = (
  subject: Digest,
  options?: StoreOptions & { readonly artifactType?: string },
) => AsyncGenerator<Descriptor>;

export function createListReferrers(layout: Layout): ListReferrers {
  const known = new Map<Digest, Referrer>();
  return async function* listReferrers(subject, { artifactType, signal } = {}) {
    const index = await layout.index.find();
    const entries = index === undefined ? [] : listEntries(index);
    for (const descriptor of new Map(entries.map((entry) => [entry.descriptor.digest, entry.descriptor])).values()) {
      signal?.throwIfAborted();
      const referrer = known.get(descriptor.digest) ?? (await findReferrer(layout, descriptor));
      if (referrer === undefined) continue;
      known.set(descriptor.digest, referrer);
      const wanted = artifactType === undefined || artifactType === referrer.descriptor.artifactType;
      if (wanted && referrer.subject === subject) yield referrer.descriptor;
    }
  };
}

/** The manifest's subject and descriptor; undefined if the manifest does not exist or cannot be read. */
export async function findReferrer(layout: Layout, descriptor: Descriptor): Promise<Referrer | undefined> {
  if (!isManifestMediaType(descriptor.mediaType)) return undefined;
  try {
    const manifest = await findManifest(layout, descriptor);
    return manifest && { subject: subjectOf(manifest), descriptor: describe(manifest, descriptor) };
  } catch (error) {
    // One damaged entry must not hide the others.
    if (OciError.is(error)) return undefined;
    throw error;
  }
}

function subjectOf(manifest: Manifest): Digest | undefined {
  return manifest.kind === "schema1" ? undefined : manifest.subject?.digest;
}

/** As in the referrers API: the manifest's own artifact type and annotations (distribution-spec, "Listing Referrers"). */
function describe(manifest: Manifest, { mediaType, digest, size }: Descriptor): Descriptor {
  if (manifest.kind === "schema1") return { mediaType, digest, size };
  const artifactType = manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config.mediaType : undefined);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations.size === 0 ? {} : { annotations: manifest.annotations }),
  };
}
