/**
 * What refers to an image: manifests whose `subject` it is, however deep (a signature of an attestation of an image), and
 * cosign's older way, tags that are made of the image's digest.
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

/** Cosign's tags beside an image: signatures, attestations, bills of material. */
export function isSignatureTag(tag: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64,128}\.sig$/.test(tag);
}

/** Tags that are made of an image's digest: cosign's, and the fallback index of referrers (distribution-spec). */
export function isCompanionTag(tag: string): boolean {
  return subjectOfTag(tag) !== undefined;
}

/** The beginning of the digest's hex digits that a companion's tag is made of. */
export function subjectOfTag(tag: string): string | undefined {
  return /^sha(?:256|512)-([0-9a-f]{64,128})(?:\.(?:sig|att|sbom))?$/.exec(tag)?.[1];
}

function companionTags(digest: Digest, signatures: "with" | "without"): readonly TagName[] {
  const suffixes = signatures === "with" ? ["sig", "att", "sbom"] : ["att", "sbom"];
  return suffixes.map((suffix) => parseTag(`${digestAlgorithm(digest)}-${digestHex(digest)}.${suffix}`));
}

/** @throws MirrorError MIRROR_UNSUPPORTED where the source cannot list them; what the stores throw */
export async function copyReferrers(copy: ImageCopy, subjects: readonly Digest[]): Promise<void> {
  if (copy.referrers === "leave") return;
  const signatures = copy.referrers === "carry" ? "with" : "without";
  const tree = createTree(copy);
  const seen = new Set<Digest>(subjects);
  const pending = [...subjects];
  for (let subject = pending.shift(); subject !== undefined; subject = pending.shift()) {
    const referrers = await listReferrers(copy, subject);
    const there = referrers.length === 0 ? new Set() : await listedThere(copy, subject);
    for (const referrer of referrers) {
      const unwanted = signatures === "without" && signatureTypes.test(referrer.artifactType ?? "");
      if (unwanted || seen.has(referrer.digest)) continue;
      seen.add(referrer.digest);
      if (seen.size > manifestsMax) throw tooMany(subject);
      pending.push(referrer.digest);
      if (!there.has(referrer.digest)) await copyOne(tree, { manifest: referrer, tags: [] });
    }
    for (const tag of companionTags(subject, signatures)) await copyCompanion(copy, tree, tag);
  }
}

async function listReferrers({ from, name, signal }: ImageCopy, subject: Digest): Promise<readonly Descriptor[]> {
  if (!hasCapability(from.store, "listReferrers")) {
    throw new MirrorError("MIRROR_UNSUPPORTED", `the source of ${name} cannot tell what refers to an image`);
  }
  const found: Descriptor[] = [];
  for await (const referrer of from.store.listReferrers(subject, { signal })) found.push(referrer);
  return found;
}

interface Found {
  readonly manifest: Descriptor;
  readonly tags: readonly TagName[];
}

/**
 * What the destination says refers to the image. A referrer whose manifest is there and is not listed (its entry in a
 * fallback index was lost) does not count: it is put again, which lists it.
 */
async function listedThere({ to, signal }: ImageCopy, subject: Digest): Promise<ReadonlySet<Digest>> {
  const listed = new Set<Digest>();
  if (!hasCapability(to.store, "listReferrers")) return listed;
  for await (const { digest } of to.store.listReferrers(subject, { signal })) listed.add(digest);
  return listed;
}

async function copyOne(tree: ManifestTree, { manifest, tags }: Found): Promise<void> {
  const bytes = await tree.bytesOf(manifest);
  await tree.copyBelow(manifest, bytes, { depth: 0 });
  await tree.put(manifest, bytes, tags);
}

async function copyCompanion(copy: ImageCopy, tree: ManifestTree, tag: TagName): Promise<void> {
  const { from, to, signal } = copy;
  const found = await from.store.resolve(tag, { want: "digest", signal });
  if (found === undefined) return;
  const there = await to.store.resolve(tag, { want: "digest", signal });
  if (there?.descriptor.digest === found.descriptor.digest) return;
  await copyOne(tree, { manifest: found.descriptor, tags: [tag] });
}

function tooMany(subject: Digest): MirrorError {
  return new MirrorError("MIRROR_UNSUPPORTED", `more than ${manifestsMax} manifests refer to ${subject}`, {
    details: { digest: subject },
  });
}
