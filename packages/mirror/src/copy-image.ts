/** One image from one place to another, each named by a string. `sync` is for many. */
import { parseReference, parseTag, type Descriptor, type Digest, type TagName, type WriteStore } from "@dtuf/registry";
import { createLayoutStore, type LayoutStoreOptions } from "@dtuf/registry/layout";
import { openRepository, type OpenRepositoryOptions } from "@dtuf/registry/repository";
import { createDirStore } from "./directories/dir-store.ts";
import { MirrorError } from "./errors.ts";
import { copyImageBetween } from "./images/copy-image.ts";
import type { ImageCopy } from "./images/manifest-tree.ts";
import type { PlatformChoice } from "./images/platform.ts";
import { createTally, createTransfers, type Located, type Tally } from "./images/transfers.ts";
import { createPlace, describePlace, findPlace, type Place } from "./place.ts";

export interface CopyImageOptions extends Pick<LayoutStoreOptions, "onLockWait"> {
  /** How the source's registry is reached. Default: over https, with the user's own credentials. */
  readonly source?: OpenRepositoryOptions | undefined;
  /** The same for the destination's registry. */
  readonly destination?: OpenRepositoryOptions | undefined;
  /** Which images of a multi-platform index. Default "all". */
  readonly platforms?: PlatformChoice | undefined;
  /** "carry": signatures and whatever else refers to the image are copied too. Default "leave". */
  readonly referrers?: ImageCopy["referrers"] | undefined;
  /** Transfers at once. Default 6. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyImageResult {
  /** "unchanged": the destination had the same image under this name. */
  readonly status: "copied" | "unchanged";
  /** Of the manifest that the destination's name leads to now. */
  readonly descriptor: Descriptor;
  readonly transferred: Readonly<Tally>;
}

/**
 * Copies one image. Every digest stays what it is; content is written before the manifest that names it, and the tag
 * last, so a reader sees the old image or the new one. Content that is there is not sent again.
 *
 * @param from `host[:port]/repository:tag`, `…@sha256:…`, `oci:DIR:TAG` or `dir:DIR`; `docker://` may stand before a
 *   registry's name
 * @param to the same; a repository of a registry without a tag takes the source's
 * @throws MirrorError MIRROR_PLACE_INVALID, MIRROR_IMAGE_MISSING, MIRROR_CONTENT_MISSING, MIRROR_PLATFORM_MISSING;
 *   OciError; FileError
 */
export async function copyImage(from: string, to: string, options: CopyImageOptions = {}): Promise<CopyImageResult> {
  const { platforms = "all", referrers = "leave", concurrency = 6, signal } = options;
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

/** The tag under which a directory of the `dir:` form keeps its one image. */
const onlyImage: TagName = parseTag("image");

async function openImage(
  text: string,
  { onLockWait }: CopyImageOptions,
  options: OpenRepositoryOptions = {},
): Promise<OpenedImage> {
  const place = findPlace(text) ?? createPlace("docker", text);
  const { now = (): Date => new Date() } = options;
  const local = { close: () => Promise.resolve(), digest: place.digest };
  switch (place.transport) {
    case "docker":
      return openRegistryImage(place, options);
    case "oci": {
      const store = createLayoutStore({ directory: place.text, now, onLockWait, findDirectory: (name) => name });
      return { ...local, at: { store, realm: "oci", name: place.text, distance: "local" }, tag: place.tag };
    }
    case "dir": {
      const store = createDirStore({ directory: place.text, now });
      return { ...local, at: { store, realm: "dir", name: place.text, distance: "local" }, tag: onlyImage };
    }
    case "oci-archive":
      throw placeInvalid(place, "a registry, oci: or dir: (archives: `openArchive` and `growArchive`)");
  }
}

async function openRegistryImage(place: Place, options: OpenRepositoryOptions): Promise<OpenedImage> {
  const { registry, repository, tag, digest } = parseReference(place.text);
  const opened = await openRepository(`${registry}/${repository}`, options);
  const at = { store: opened.store, realm: `docker:${registry}`, name: repository, distance: "remote" } as const;
  return { at, tag, digest, close: () => opened.close() };
}

function requireName({ tag, digest }: OpenedImage, text: string): TagName | Digest {
  const name = tag ?? digest;
  if (name === undefined) throw placeInvalid(findPlace(text) ?? createPlace("docker", text), "a tag or a digest");
  return name;
}

function placeInvalid(place: Place, wanted: string): MirrorError {
  const text = describePlace(place);
  return new MirrorError("MIRROR_PLACE_INVALID", `${JSON.stringify(text)}: wanted ${wanted}`, {
    details: { got: text, wanted },
  });
}
