/** Copies one image from one location to another, each named by a string. `sync` is for many images. */
import { parseReference, parseTag, type Descriptor, type Digest, type TagName, type WriteStore } from "@dtuf/registry";
import { createLayoutStore, type LayoutStoreOptions } from "@dtuf/registry/layout";
import { openRepository, type OpenRepositoryOptions } from "@dtuf/registry/repository";
import { createDirStore } from "./directories/dir-store.ts";
import type { MirrorError } from "./errors.ts";
import { copyImageBetween } from "./images/copy-image.ts";
import type { ImageCopy } from "./images/manifest-tree.ts";
import type { PlatformChoice } from "./images/platform.ts";
import { createTally, createTransfers, type Located, type Tally } from "./images/transfers.ts";
import {
  createImageReference,
  describeImageReference,
  findImageReference,
  placeInvalid,
  type ImageReference,
} from "./image-reference.ts";

export interface CopyImageOptions extends Pick<LayoutStoreOptions, "onLockWait"> {
  /** Options for the registry of the source. Default: https, with the credentials of the user. */
  readonly source?: OpenRepositoryOptions | undefined;
  /** Options for the registry of the destination. */
  readonly destination?: OpenRepositoryOptions | undefined;
  /** Platforms to copy from a multi-platform index. Default "all". */
  readonly platforms?: PlatformChoice | undefined;
  /** "carry": also copies signatures and everything else that refers to the image. Default "leave". */
  readonly referrers?: ImageCopy["referrers"] | undefined;
  /** Concurrent transfers. Default 8. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyImageResult {
  /** "unchanged": the destination already had the same image under this name. */
  readonly status: "copied" | "unchanged";
  /** The manifest that the destination's name refers to after the copy. */
  readonly descriptor: Descriptor;
  readonly transferred: Readonly<Tally>;
}

/**
 * Copies one image. Digests do not change. Content is written before the manifest that names it, and the tag last, so a
 * reader sees the old image or the new one. Content that the destination has is not sent again.
 *
 * @param from `host[:port]/repository:tag`, `…@sha256:…`, `oci:DIR:TAG` or `dir:DIR`. `docker://` before the name of a
 *   registry is optional
 * @param to the same forms; a repository of a registry without a tag gets the tag of `from`
 * @throws MirrorError MIRROR_PLACE_INVALID, MIRROR_IMAGE_MISSING, MIRROR_CONTENT_MISSING, MIRROR_PLATFORM_MISSING;
 *   OciError; FileError
 */
export async function copyImage(from: string, to: string, options: CopyImageOptions = {}): Promise<CopyImageResult> {
  const { platforms = "all", referrers = "leave", concurrency = 8, signal } = options;
  const source = await openImage(from, options, options.source);
  try {
    const destination = await openImage(to, options, options.destination);
    try {
      const tally = createTally();
      const transfers = createTransfers({ concurrency });
      const copied = await copyImageBetween({
        ...{
          from: source.at,
          to: destination.at,
          name: from,
          platforms,
          referrers,
          present: "trust",
          transfers,
          tally,
          signal,
        },
        reference: requireName(source, from),
        expected: source.digest ?? destination.digest,
        tag: destination.tag ?? (destination.digest === undefined ? source.tag : undefined),
      });
      return { status: copied.status, descriptor: copied.descriptor, transferred: tally };
    } finally {
      await destination.close();
    }
  } finally {
    await source.close();
  }
}

interface OpenedImage {
  readonly at: Located<WriteStore>;
  readonly tag: TagName | undefined;
  readonly digest: Digest | undefined;
  close(): Promise<void>;
}

/** Placeholder tag, because a directory in the `dir:` form has one image and no tags. */
const onlyImage: TagName = parseTag("image");

async function openImage(
  text: string,
  { onLockWait }: CopyImageOptions,
  options: OpenRepositoryOptions = {},
): Promise<OpenedImage> {
  const image = findImageReference(text) ?? createImageReference("docker", text);
  const { now = (): Date => new Date() } = options;
  const local = { close: () => Promise.resolve(), digest: image.digest };
  switch (image.transport) {
    case "docker":
      return openRegistryImage(image, options);
    case "oci": {
      const store = createLayoutStore({ directory: image.text, now, onLockWait, findDirectory: (name) => name });
      return { ...local, at: { store, realm: "oci", name: image.text, distance: "local" }, tag: image.tag };
    }
    case "dir": {
      const store = createDirStore({ directory: image.text, now, onLockWait });
      const { exclusively } = store;
      return {
        ...local,
        at: { store, realm: "dir", name: image.text, distance: "local", exclusively },
        tag: onlyImage,
      };
    }
    case "oci-archive":
      throw referenceInvalid(image, "a registry, oci: or dir: (archives: `openArchive` and `growArchive`)");
  }
}

async function openRegistryImage(image: ImageReference, options: OpenRepositoryOptions): Promise<OpenedImage> {
  const { registry, repository, tag, digest } = parseReference(image.text);
  const opened = await openRepository(`${registry}/${repository}`, options);
  const at = { store: opened.store, realm: `docker:${registry}`, name: repository, distance: "remote" } as const;
  return { at, tag, digest, close: () => opened.close() };
}

function requireName({ tag, digest }: OpenedImage, text: string): TagName | Digest {
  const name = tag ?? digest;
  if (name === undefined)
    throw referenceInvalid(findImageReference(text) ?? createImageReference("docker", text), "a tag or a digest");
  return name;
}

function referenceInvalid(image: ImageReference, wanted: string): MirrorError {
  return placeInvalid(describeImageReference(image), wanted);
}
