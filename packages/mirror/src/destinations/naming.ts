/**
 * What an image is called at the destination. For `docker:` and `dir:` these are skopeo's rules to the letter: the
 * source's name, scoped as a whole, unscoped its last component, is joined to DEST, and the suffix is put behind it. A
 * layout (`oci:`, `oci-archive:`) is one repository and holds the tags of one.
 */
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
import type { Place } from "../place.ts";
import type { SourceImage } from "../sources/source.ts";

export interface NamingOptions {
  readonly destination: Place;
  /** "scoped": the source's whole name, registry included. */
  readonly scope: "scoped" | "unscoped";
  /** Put behind every destination's name (of docker: its tag). */
  readonly appendSuffix: string;
}

/** A place for one image. */
export type Destination =
  | { readonly kind: "docker"; readonly reference: Reference }
  | { readonly kind: "dir"; readonly directory: string }
  | {
      readonly kind: "layout";
      readonly directory: string;
      readonly tag: TagName | undefined;
      /** For people, without the tag. */
      readonly shown: string;
    };

/** @throws MirrorError MIRROR_PLACE_INVALID */
export function nameDestination(image: SourceImage, naming: NamingOptions): Destination {
  const { destination, scope, appendSuffix } = naming;
  const base = scope === "scoped" || image.mapped !== undefined ? image.repository : posix.basename(image.repository);
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
      const isOwn = image.mapped !== undefined || (scope === "scoped" && image.kind !== "layout");
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
    const mend = `say what it is to be called: --map ${image.repository}=NAME`;
    throw new MirrorError("MIRROR_PLACE_INVALID", `${image.name} cannot be called ${JSON.stringify(text)}; ${mend}`, {
      details: { image: image.name, got: text },
      cause,
    });
  }
}

function oneRepository(shown: string): MirrorError {
  return new MirrorError(
    "MIRROR_PLACE_INVALID",
    `${shown} is one repository, and what is scoped or mapped has its own`,
    {
      details: { got: shown },
    },
  );
}

/** Names come from registries and lists: none leads out of the destination. */
function below(root: string, name: string): string {
  const base = resolve(root);
  const path = resolve(join(base, name));
  if (!name.split("/").every((part) => part === "" || isFileName(part))) {
    throw new MirrorError("MIRROR_PLACE_INVALID", `${JSON.stringify(name)} is no name for a directory on this system`, {
      details: { got: name },
    });
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

/** One spelling for each place: two images of one key would overwrite each other. */
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
