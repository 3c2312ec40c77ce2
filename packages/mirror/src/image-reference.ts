/** References to images and their containers, as skopeo writes them: `docker://`, `dir:`, `oci:` and `oci-archive:`. */
import { redactPlace } from "@dtuf/registry/escape";
import { platform } from "node:os";
import { isDigest, isTag, type Digest, type TagName } from "@dtuf/registry";
import { MirrorError } from "./errors.ts";

export const transports = ["docker", "dir", "oci", "oci-archive"] as const;

export type ImageTransport = (typeof transports)[number];

export interface ImageReference {
  readonly transport: ImageTransport;
  /** The text after the transport; for `oci:` and `oci-archive:` without tag and digest. */
  readonly text: string;
  /** The tag of `oci:DIR:TAG` and `oci-archive:FILE:TAG`. */
  readonly tag?: TagName | undefined;
  /** The digest of `oci:DIR@sha256:…` and `oci-archive:FILE@sha256:…`. */
  readonly digest?: Digest | undefined;
  /** The original reference, for display, if `text` is a directory that its content was unpacked to. */
  readonly shown?: string | undefined;
}

/**
 * Parses a reference such as `docker://host/repository`. Returns undefined if it names no transport.
 * @throws MirrorError MIRROR_PLACE_INVALID
 */
export function findImageReference(text: string, system: string = platform()): ImageReference | undefined {
  const [, transport, rest] = /^(docker|dir|oci|oci-archive):(.*)$/s.exec(text) ?? [];
  if (transport === undefined || rest === undefined) return undefined;
  if (transport !== "docker") return createImageReference(transport as ImageTransport, rest, system);
  if (!rest.startsWith("//")) throw placeInvalid(text, "docker://host/repository");
  return createImageReference("docker", rest.slice(2));
}

/**
 * Creates a reference from a transport and the text after it.
 * @param system the value of `os.platform()`, default this system: on Windows `C:` is a drive and not a directory with a tag
 * @throws MirrorError MIRROR_PLACE_INVALID
 */
export function createImageReference(
  transport: ImageTransport,
  text: string,
  system: string = platform(),
): ImageReference {
  if (text === "" || text.includes("\0")) throw placeInvalid(`${transport}:${text}`, "a name after the transport");
  if (transport === "docker" || transport === "dir") return { transport, text };
  const at = text.lastIndexOf("@");
  const digest = text.slice(at + 1);
  if (at > 0 && isDigest(digest)) return { transport, text: text.slice(0, at), digest };
  const colon = text.lastIndexOf(":");
  const tag = text.slice(colon + 1);
  const isDrive = system === "win32" && colon === 1 && /^[A-Za-z]/.test(text);
  return colon > 0 && isTag(tag) && !isDrive ? { transport, text: text.slice(0, colon), tag } : { transport, text };
}

/** The reference as text: the inverse of `findImageReference`. */
export function describeImageReference({ transport, text, tag, digest }: ImageReference): string {
  if (digest !== undefined) return `${transport}:${text}@${digest}`;
  const name = transport === "docker" ? `docker://${text}` : `${transport}:${text}`;
  return tag === undefined ? name : `${name}:${tag}`;
}

/** @returns MirrorError MIRROR_PLACE_INVALID, without a password that stands in the text */
export function placeInvalid(text: string, wanted: string): MirrorError {
  const got = redactPlace(text);
  return new MirrorError("MIRROR_PLACE_INVALID", `${JSON.stringify(got)}: wanted ${wanted}`, {
    details: { got, wanted },
  });
}
