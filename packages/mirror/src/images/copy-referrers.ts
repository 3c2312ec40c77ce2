/**
 * Referrers of an image: manifests whose `subject` is the image, at any depth (a signature of an attestation of an image),
 * and cosign's older form, tags that are made of the image's digest.
 */
import {
  digestAlgorithm,
  digestHex,
  hasCapability,
  parseTag,
  type Descriptor,
  type Digest,
  type TagName,
} from "@dtuf/registry";
import { createTree, type ImageCopy, type ManifestTree } from "./manifest-tree.ts";
import { MirrorError } from "../errors.ts";
import { manifestsMax } from "../limits.ts";

/** Artifact types by which signatures are known: cosign, sigstore bundles, notation. */
const signatureTypes =
  /^application\/vnd\.(?:dev\.cosign\.(?:artifact\.sig|simplesigning)|dev\.sigstore\.bundle|cncf\.notary\.signature)\b/;

/** Whether the tag is a signature in cosign's older form. */
export function isSignatureTag(tag: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64,128}\.sig$/.test(tag);
}

/** Whether the tag is made of an image's digest: cosign's tags, and the fallback index of referrers (distribution-spec). */
export function isCompanionTag(tag: string): boolean {
  return subjectOfTag(tag) !== undefined;
}

/** The hex digits of the digest that a companion tag is made of. */
export function subjectOfTag(tag: string): string | undefined {
  return /^sha(?:256|512)-([0-9a-f]{64,128})(?:\.(?:sig|att|sbom))?$/.exec(tag)?.[1];
}

function companionTags(digest: Digest, signatures: "with" | "without"): readonly TagName[] {
  const suffixes = signatures === "with" ? ["sig", "att", "sbom"] : ["att", "sbom"];
  return suffixes.map((suffix) => parseTag(`${digestAlgorithm(digest)}-${digestHex(digest)}.${suffix}`));
}

/** A referrer of an image that the source has and the destination does not. */
export interface LeftBehind {
  readonly digest: Digest;
  /** Undefined if the manifest has no artifactType, or if only a tag connects the referrer to its image. */
  readonly artifactType?: string | undefined;
  readonly tag?: TagName | undefined;
}

/**
 * Copies the referrers, and returns those that the destination does not list afterwards.
 * @throws MirrorError MIRROR_UNSUPPORTED if the source cannot list them; errors of the stores
 */
export async function copyReferrers(
  copy: ImageCopy,
  subjects: readonly Digest[],
): Promise<readonly LeftBehind[] | undefined> {
  if (copy.referrers === "leave") return undefined;
  const signatures = copy.referrers === "carry" ? "with" : "without";
  const tree = createTree(copy);
  const seen = new Set<Digest>(subjects);
  const pending = [...subjects];
  const left: LeftBehind[] = [];
  for (let subject = pending.shift(); subject !== undefined; subject = pending.shift()) {
    const referrers = await listReferrers(copy, subject);
    const there = referrers.length === 0 ? new Set<Digest>() : await listedThere(copy, subject);
    const put: Descriptor[] = [];
    for (const referrer of referrers) {
      const unwanted = signatures === "without" && signatureTypes.test(referrer.artifactType ?? "");
      if (unwanted && !there.has(referrer.digest)) left.push(describe(referrer));
      if (unwanted || seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      if (seen.size > manifestsMax) throw tooMany(subject);
      pending.push(referrer.digest);
      const isThere = there.has(referrer.digest);
      if (isThere && copy.present === "trust") continue;
      await copyOne(tree, { manifest: referrer, tags: [], isThere });
      if (!isThere) put.push(referrer);
    }
    const listed = put.length === 0 ? there : await listedThere(copy, subject);
    left.push(...put.filter(({ digest }) => !listed.has(digest)).map(describe));
    for (const tag of companionTags(subject, signatures)) await copyCompanion(copy, tree, tag);
  }
  return left;
}

/**
 * Finds the referrers of an image that the destination does not have. Makes one request for the image, three for the tags
 * that older tools made of its digest, and one for each of those that exists.
 * @throws MirrorError MIRROR_UNSUPPORTED if the source cannot list them; errors of the stores
 */
export async function findLeftBehind(copy: ImageCopy, subject: Digest): Promise<readonly LeftBehind[]> {
  const referrers = await listReferrers(copy, subject);
  const there = referrers.length === 0 ? new Set<Digest>() : await listedThere(copy, subject);
  const left = referrers.filter(({ digest }) => !there.has(digest)).map(describe);
  for (const tag of companionTags(subject, "with")) {
    const companion = await findCompanion(copy, tag);
    if (companion?.isThere === false) left.push({ digest: companion.manifest.digest, tag });
  }
  return left;
}

function describe({ digest, artifactType }: Descriptor): LeftBehind {
  return { digest, artifactType };
}

async function listReferrers({ from, name, signal }: ImageCopy, subject: Digest): Promise<readonly Descriptor[]> {
  if (!hasCapability(from.store, "listReferrers")) {
    throw new MirrorError("MIRROR_UNSUPPORTED", `the source of ${name} cannot list the referrers of an image`);
  }
  const found: Descriptor[] = [];
  for await (const referrer of from.store.listReferrers(subject, { signal })) found.push(referrer);
  return found;
}

interface Found {
  readonly manifest: Descriptor;
  readonly tags: readonly TagName[];
  /** Whether the destination says that it has it. */
  readonly isThere: boolean;
}

/**
 * The referrers that the destination lists. A referrer whose manifest exists but is not listed, because its entry in a
 * fallback index was lost, does not count: it is put again, which lists it.
 */
async function listedThere({ to, signal }: ImageCopy, subject: Digest): Promise<ReadonlySet<Digest>> {
  const listed = new Set<Digest>();
  if (!hasCapability(to.store, "listReferrers")) return listed;
  for await (const { digest } of to.store.listReferrers(subject, { signal })) listed.add(digest);
  return listed;
}

async function copyOne(tree: ManifestTree, { manifest, tags, isThere }: Found): Promise<void> {
  const bytes = await tree.bytesOf(manifest);
  await tree.copyBelow(manifest, bytes, { depth: 0 });
  await tree.put({ manifest, bytes, tags, mayBeThere: isThere });
}

async function copyCompanion(copy: ImageCopy, tree: ManifestTree, tag: TagName): Promise<void> {
  const found = await findCompanion(copy, tag);
  if (found !== undefined && !(found.isThere && copy.present === "trust")) await copyOne(tree, found);
}

/** The manifest of the tag at the source. */
async function findCompanion({ from, to, signal }: ImageCopy, tag: TagName): Promise<Found | undefined> {
  const found = await from.store.resolve(tag, { want: "digest", signal });
  if (found === undefined) return undefined;
  const there = await to.store.resolve(tag, { want: "digest", signal });
  const isThere = there?.descriptor.digest === found.descriptor.digest;
  return { manifest: found.descriptor, tags: [tag], isThere };
}

function tooMany(subject: Digest): MirrorError {
  return new MirrorError("MIRROR_UNSUPPORTED", `more than ${manifestsMax} manifests refer to ${subject}`, {
    details: { digest: subject },
  });
}
