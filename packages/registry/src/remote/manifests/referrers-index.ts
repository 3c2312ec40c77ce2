/**
 * Updates the fallback index of referrers (distribution-spec, "Pushing Manifests with Subject"). Registries have no
 * compare-and-swap: updates of one index by this client wait for each other; of two clients, the last writer wins.
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { encodeImageIndex, type ImageIndex, type ImageManifest } from "../../oci/manifest.ts";
import type { StoreOptions } from "../../store.ts";
import type { Repository } from "../requests/context.ts";
import { putAs } from "./manifest-send.ts";
import { fetchReferrersIndex, hasReferrersApi, referrersTag } from "./referrers.ts";

export interface Referrer {
  readonly manifest: ImageManifest | ImageIndex;
  readonly descriptor: Descriptor;
  readonly subject: Digest;
  /** "said": the registry claims that it indexed the subject. */
  readonly indexed: "said" | "not said";
}

/** To be called after the manifest was put. */
export async function indexReferrer(repository: Repository, referrer: Referrer, options: StoreOptions): Promise<void> {
  const { subject, indexed } = referrer;
  if (indexed === "said" && (await hasReferrersApi(repository, subject, options))) return;
  const entry = entryOf(referrer);
  await updateIndex({ repository, subject }, options, (entries) =>
    entries.some(({ digest }) => digest === entry.digest) ? undefined : [...entries, entry],
  );
}

/** To be called after the manifest was deleted. */
export async function forgetReferrer(
  repository: Repository,
  referrer: Pick<Referrer, "descriptor" | "subject">,
  options: StoreOptions,
): Promise<void> {
  const { descriptor, subject } = referrer;
  if (await hasReferrersApi(repository, subject, options)) return;
  await updateIndex({ repository, subject }, options, (entries) => {
    const left = entries.filter(({ digest }) => digest !== descriptor.digest);
    return left.length === entries.length ? undefined : left;
  });
}

function entryOf({ manifest, descriptor }: Referrer): Descriptor {
  const { mediaType, digest, size } = descriptor;
  const artifactType = manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config.mediaType : undefined);
  const { annotations } = manifest;
  return { mediaType, digest, size, annotations, ...(artifactType === undefined ? {} : { artifactType }) };
}

type Change = (entries: readonly Descriptor[]) => readonly Descriptor[] | undefined;

interface Indexed {
  readonly repository: Repository;
  readonly subject: Digest;
}

/** `change` returns the new entries, or undefined if nothing has to change. */
async function updateIndex(where: Indexed, options: StoreOptions, change: Change): Promise<void> {
  const { indexUpdates } = where.repository.registry;
  const key = `${where.repository.name}:${where.subject}`;
  const update = changeAfter(indexUpdates.get(key), () => changeIndex(where, options, change));
  indexUpdates.set(key, update);
  try {
    await update;
  } finally {
    if (indexUpdates.get(key) === update) indexUpdates.delete(key);
  }
}

async function changeAfter(before: Promise<void> | undefined, change: () => Promise<void>): Promise<void> {
  // Ignores the previous update's failure; its own caller gets it.
  await Promise.allSettled([before]);
  return change();
}

async function changeIndex({ repository, subject }: Indexed, { signal }: StoreOptions, change: Change): Promise<void> {
  const index = await fetchReferrersIndex(repository, subject, { signal });
  const manifests = change(index?.manifests ?? []);
  if (manifests === undefined) return;
  await putAs({ repository, ...encodeImageIndex({ ...index, manifests }), signal }, referrersTag(subject));
}
