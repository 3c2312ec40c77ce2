/** Descriptors of content (image-spec, descriptor.md). */
import { parseDigest, type Digest } from "./digest.ts";
import { OciError } from "../errors.ts";

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly osVersion?: string;
  readonly variant?: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. A safe integer, 0 or more. */
  readonly size: number;
  readonly annotations?: ReadonlyMap<string, string>;
  readonly artifactType?: string;
  /** The content itself, inlined. It is a hint: verify it against `digest` before use. */
  readonly data?: Uint8Array;
  readonly platform?: Platform;
}

type JsonObject = Record<string, unknown>;

function invalid(what: string, got: unknown): OciError {
  const shown = (JSON.stringify(got) ?? "nothing").slice(0, 160);
  return new OciError("OCI_DESCRIPTOR_INVALID", `descriptor: ${what}; got ${shown}`, { details: { got: shown } });
}

/**
 * Unknown fields are dropped. `urls` is dropped on purpose, so that nothing is fetched from there.
 * @throws OciError OCI_DESCRIPTOR_INVALID, OCI_DIGEST_INVALID
 */
export function parseDescriptor(json: unknown): Descriptor {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw invalid("wanted an object", json);
  const { mediaType, digest, size, annotations, artifactType, data, platform } = json as JsonObject;
  if (typeof mediaType !== "string" || !/^[\x21-\x7e]{1,255}$/.test(mediaType)) {
    throw invalid("mediaType must be 1 to 255 printable characters", mediaType);
  }
  if (typeof digest !== "string") throw invalid("digest must be a string", digest);
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw invalid("size must be a whole number of bytes", size);
  return {
    mediaType,
    digest: parseDigest(digest),
    size: size as number,
    ...(annotations === undefined ? {} : { annotations: parseAnnotations(annotations) }),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(typeof data === "string" ? { data: parseData(data) } : {}),
    ...(platform === undefined || platform === null ? {} : { platform: parsePlatform(platform) }),
  };
}

/** @throws OciError OCI_DESCRIPTOR_INVALID */
export function parseAnnotations(json: unknown): ReadonlyMap<string, string> {
  if (json === null) return new Map();
  if (typeof json !== "object" || Array.isArray(json)) throw invalid("annotations must be an object", json);
  return new Map(
    Object.entries(json).map(([key, value]: [string, unknown]) => {
      if (typeof value !== "string") throw invalid(`annotation ${JSON.stringify(key)} must be a string`, value);
      return [key, value];
    }),
  );
}

function parseData(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw invalid("data must be base64", text);
  return bytes;
}

function parsePlatform(json: unknown): Platform {
  if (typeof json !== "object" || json === null) throw invalid("platform must be an object", json);
  const { architecture, os, variant, ...more } = json as JsonObject;
  if (typeof architecture !== "string" || typeof os !== "string")
    throw invalid("platform needs os and architecture", json);
  const osVersion = more["os.version"];
  return {
    architecture,
    os,
    ...(typeof variant === "string" ? { variant } : {}),
    ...(typeof osVersion === "string" ? { osVersion } : {}),
  };
}

/** The JSON value of a descriptor, keys in the image spec's order and annotations in the given order. */
export function encodeDescriptor(descriptor: Descriptor): Readonly<Record<string, unknown>> {
  const { mediaType, digest, size, annotations, artifactType, data, platform } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(annotations !== undefined && annotations.size > 0 ? { annotations: Object.fromEntries(annotations) } : {}),
    ...(data === undefined ? {} : { data: Buffer.from(data).toString("base64") }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform: encodePlatform(platform) }),
  };
}

function encodePlatform({ osVersion, ...platform }: Platform): Readonly<Record<string, unknown>> {
  return { ...platform, ...(osVersion === undefined ? {} : { "os.version": osVersion }) };
}
