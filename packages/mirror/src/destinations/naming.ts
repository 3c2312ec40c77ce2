/**
 * Names of images at the destination. For `docker:` and `dir:` these are exactly skopeo's rules: the name of the source, if
 * `scoped` the whole name, else its last component, is joined to DEST, and the suffix is appended. A layout (`oci:`,
 * `oci-archive:`) is one repository and has the tags of one.
 */
import { redactPlace } from "@dtuf/registry/escape";
import { join, posix, resolve, sep } from "node:path";
import {
  encodeReference,
  isTag,
  OciError,
  parseReference,
  parseTag,
  type Reference,
  type TagName,
} from "@dtuf/registry";
import { isFileName } from "@dtuf/registry/files";
import { MirrorError } from "../errors.ts";
import type { ImageReference } from "../image-reference.ts";
import type { SourceImage } from "../sources/source.ts";

export interface NamingOptions {
  readonly destination: ImageReference;
  /** skopeo's `--scoped`: the destination has the whole name of the source, including the registry. */
  readonly scoped: boolean;
  /** Appended to the name of every destination (for `docker:` to the tag). */
  readonly appendSuffix: string;
}

/** The destination of one image. */
export type Destination =
  | { readonly kind: "docker"; readonly reference: Reference }
  | { readonly kind: "dir"; readonly directory: string }
  | {
      readonly kind: "layout";
      readonly directory: string;
      readonly tag: TagName | undefined;
      /** Name without the tag, for display. */
      readonly shown: string;
    };

/** @throws MirrorError MIRROR_PLACE_INVALID */
export function nameDestination(image: SourceImage, naming: NamingOptions): Destination {
  const { destination, scoped, appendSuffix } = naming;
  const base = scoped || image.mapped !== undefined ? image.repository : posix.basename(image.repository);
  const repository = image.mapped ?? base;
  switch (destination.transport) {
    case "docker": {
      const root = image.kind === "layout" ? destination.text : posix.join(destination.text, repository);
      return { kind: "docker", reference: parseDestination(`${root}${nameSuffix(image)}${appendSuffix}`, image) };
    }
    case "dir":
      return { kind: "dir", directory: below(destination.text, `${repository}${nameSuffix(image)}${appendSuffix}`) };
    case "oci":
    case "oci-archive": {
      const isOwn = image.mapped !== undefined || (scoped && image.kind !== "layout");
      const directory = isOwn ? below(destination.text, repository) : resolve(destination.text);
      if (isOwn && destination.shown !== undefined) throw oneRepository(destination.shown);
      const shown = destination.shown ?? `oci:${directory}`;
      return { kind: "layout", directory, tag: layoutTag(image, naming), shown };
    }
  }
}

function nameSuffix({ tag, digest }: SourceImage): string {
  if (tag !== undefined) return `:${tag}`;
  return digest === undefined ? "" : `@${digest}`;
}

function parseDestination(text: string, image: SourceImage): Reference {
  try {
    const reference = parseReference(text);
    const isNamed = reference.tag !== undefined || reference.digest !== undefined;
    return isNamed ? reference : { ...reference, tag: parseTag("latest") };
  } catch (cause) {
    if (!OciError.is(cause)) throw cause;
    const got = redactPlace(text);
    const mend = `give it a name: --map ${image.repository}=NAME`;
    throw new MirrorError(
      "MIRROR_PLACE_INVALID",
      `${image.name} cannot have the name ${JSON.stringify(got)}; ${mend}`,
      {
        details: { image: image.name, got },
        cause,
      },
    );
  }
}

function oneRepository(shown: string): MirrorError {
  return new MirrorError(
    "MIRROR_PLACE_INVALID",
    `${shown} is one repository, but scoped or mapped images need a repository each`,
    {
      details: { got: shown },
    },
  );
}

/** Refuses names that lead out of the destination, because names come from registries and lists. */
function below(root: string, name: string): string {
  const base = resolve(root);
  const path = resolve(join(base, name));
  if (!name.split("/").every((part) => part === "" || isFileName(part))) {
    throw new MirrorError(
      "MIRROR_PLACE_INVALID",
      `${JSON.stringify(name)} is not a valid directory name on this system`,
      {
        details: { got: name },
      },
    );
  }
  if (path.startsWith(base.endsWith(sep) ? base : base + sep)) return path;
  throw new MirrorError("MIRROR_PLACE_INVALID", `${JSON.stringify(name)} leads out of ${root}`, {
    details: { got: name },
  });
}

function layoutTag(image: SourceImage, { destination, appendSuffix }: NamingOptions): TagName | undefined {
  const name = destination.tag ?? image.tag;
  if (name === undefined) return undefined;
  const tag = `${name}${appendSuffix}`;
  if (isTag(tag)) return tag;
  throw new MirrorError("MIRROR_PLACE_INVALID", `not a tag: ${JSON.stringify(tag)}`, { details: { got: tag } });
}

/** The unique name of a destination: two images with one key would overwrite each other. */
export function destinationKey(destination: Destination): string {
  switch (destination.kind) {
    case "docker":
      return `docker://${encodeReference(destination.reference)}`;
    case "dir":
      return `dir:${destination.directory}`;
    case "layout":
      return `${destination.shown}${destination.tag === undefined ? "" : `:${destination.tag}`}`;
  }
}
