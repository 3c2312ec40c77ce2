/** Reads the release that a tag names. Nothing is trusted here: `base.ts` verifies the bytes. */
import { collect, OciError, type Descriptor, type Digest, type TagName } from "@dtuf/registry";
import { latestTag, parseRelease, type MetadataIndex, type Release } from "@dtuf/format";
import { MasterError } from "../errors.ts";
import type { Operation } from "../state/operation.ts";

export interface Published extends Release {
  /** Digest of its manifest. */
  readonly release: Digest;
}

/** Undefined: there is no `latest`. @throws FormatError FORMAT_NOT_A_REPOSITORY; OciError */
export function findPublished(operation: Operation): Promise<Published | undefined> {
  return findRelease(operation, latestTag);
}

/** Undefined: there is no such tag. @throws FormatError FORMAT_NOT_A_REPOSITORY; OciError */
export async function findRelease({ store, signal }: Operation, tag: TagName): Promise<Published | undefined> {
  const found = await store.resolve(tag, { want: "bytes", signal });
  if (found === undefined) return undefined;
  const { digest } = found.descriptor;
  const bytes = found.bytes ?? (await readContent(found.descriptor, { store, signal }));
  return { release: digest, ...parseRelease(bytes) };
}

/** The digest of the manifest that `latest` names, even if it is not a release. */
export function latestDigest(operation: Asking, expected: "any" | "none"): Promise<Digest | undefined> {
  return taggedDigest(operation, latestTag, expected);
}

/**
 * @param expected "none": probably there is no such tag. Then a GET is sent: some registries wrongly answer 404 to HEAD, so
 * that a GET would have to follow.
 */
export async function taggedDigest(
  { store, signal }: Asking,
  tag: TagName,
  expected: "any" | "none",
): Promise<Digest | undefined> {
  const want = expected === "none" ? "bytes" : "digest";
  return (await store.resolve(tag, { want, signal }))?.descriptor.digest;
}

type Asking = Pick<Operation, "store" | "signal">;

/** @throws MasterError MASTER_METADATA_UNAVAILABLE; OciError OCI_LIMIT_EXCEEDED */
export async function readPublished(
  operation: Operation,
  { files }: MetadataIndex,
  { name, maxBytes }: { readonly name: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const descriptor = files.get(name);
  if (descriptor === undefined) throw unavailable(name, "the manifest does not list it");
  if (descriptor.size > maxBytes) {
    throw new OciError("OCI_LIMIT_EXCEEDED", `${name} is ${descriptor.size} bytes; at most ${maxBytes}`, {
      details: { limit: maxBytes, got: descriptor.size },
    });
  }
  return descriptor.data ?? readContent(descriptor, operation);
}

export async function readContent(
  descriptor: Descriptor,
  { store, signal }: Pick<Operation, "store" | "signal">,
): Promise<Uint8Array> {
  const stream = await store.open(descriptor, { signal });
  if (stream === undefined) throw unavailable(descriptor.digest, "the registry does not have it");
  return collect(stream, descriptor.size);
}

function unavailable(name: string, why: string): MasterError {
  return new MasterError("MASTER_METADATA_UNAVAILABLE", `${name}: ${why}`, { details: { name } });
}
