/** Where images come from and go to, as people write it: `docker://`, `dir:`, `oci:` and `oci-archive:`. */
import { platform } from "node:os";
import { isDigest, isTag, type Digest, type TagName } from "@dtuf/registry";
import { MirrorError } from "./errors.ts";

export const transports = ["docker", "dir", "oci", "oci-archive"] as const;

export type ImageTransport = (typeof transports)[number];

export interface Place {
  readonly transport: ImageTransport;
  /** What follows the transport's name; of `oci:` and `oci-archive:` without the tag. */
  readonly text: string;
  /** Of `oci:DIR:TAG` and `oci-archive:FILE:TAG`. */
  readonly tag?: TagName | undefined;
  /** Of `oci:DIR@sha256:…` and `oci-archive:FILE@sha256:…`. */
  readonly digest?: Digest | undefined;
  /** How people wrote it, if `text` is where its content was put meanwhile. */
  readonly shown?: string | undefined;
}

/** `docker://host/repository`. Undefined: no transport is named. @throws MirrorError MIRROR_PLACE_INVALID */
export function findPlace(text: string, system: string = platform()): Place | undefined {
  const [, transport, rest] = /^(docker|dir|oci|oci-archive):(.*)$/s.exec(text) ?? [];
  if (transport === undefined || rest === undefined) return undefined;
  if (transport !== "docker") return createPlace(transport as ImageTransport, rest, system);
  if (!rest.startsWith("//")) throw invalid(text, "docker://host/repository");
  return createPlace("docker", rest.slice(2));
}

/**
 * @param system Node's word for it, default this one: on Windows `C:` is a drive and no directory with a tag
 * @throws MirrorError MIRROR_PLACE_INVALID
 */
export function createPlace(transport: ImageTransport, text: string, system: string = platform()): Place {
  if (text === "" || text.includes("\0")) throw invalid(`${transport}:${text}`, "a name after the transport");
  if (transport === "docker" || transport === "dir") return { transport, text };
  const at = text.lastIndexOf("@");
  const digest = text.slice(at + 1);
  if (at > 0 && isDigest(digest)) return { transport, text: text.slice(0, at), digest };
  const colon = text.lastIndexOf(":");
  const tag = text.slice(colon + 1);
  const isDrive = system === "win32" && colon === 1 && /^[A-Za-z]/.test(text);
  return colon > 0 && isTag(tag) && !isDrive ? { transport, text: text.slice(0, colon), tag } : { transport, text };
}

/** The place as people write it: the inverse of `findPlace`. */
export function describePlace({ transport, text, tag, digest }: Place): string {
  if (digest !== undefined) return `${transport}:${text}@${digest}`;
  const name = transport === "docker" ? `docker://${text}` : `${transport}:${text}`;
  return tag === undefined ? name : `${name}:${tag}`;
}

function invalid(text: string, wanted: string): MirrorError {
  return new MirrorError("MIRROR_PLACE_INVALID", `${JSON.stringify(text)}: wanted ${wanted}`, {
    details: { got: text, wanted },
  });
}
