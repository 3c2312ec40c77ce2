/** Selection of images from a multi-platform index. */
import { parseManifest, type Descriptor, type ImageIndex, type Platform } from "@dtuf/registry";
import { MirrorError } from "../errors.ts";

export interface PlatformPattern {
  readonly os: string;
  readonly architecture: string;
  /** Undefined: any variant. */
  readonly variant?: string | undefined;
}

/** "all", or the images that match one of the patterns. */
export type PlatformChoice = "all" | readonly PlatformPattern[];

/** Parses a pattern such as `linux/arm64/v8`. @throws MirrorError MIRROR_PATTERN_INVALID */
export function parsePlatformPattern(text: string): PlatformPattern {
  const [, os, architecture, variant] = /^([a-z0-9_]+)\/([a-z0-9_]+)(?:\/([A-Za-z0-9_.]+))?$/.exec(text) ?? [];
  if (os !== undefined && architecture !== undefined) return { os, architecture, variant };
  throw new MirrorError("MIRROR_PATTERN_INVALID", `not a platform: ${JSON.stringify(text)}; wanted os/arch[/variant]`, {
    details: { got: text },
  });
}

export function matchesPlatform(platform: Platform, { os, architecture, variant }: PlatformPattern): boolean {
  const sameVariant = variant === undefined || platform.variant === variant;
  return platform.os === os && platform.architecture === architecture && sameVariant;
}

/**
 * Chooses what to copy of an index. Returns "whole" for all of it, also if no entry names a platform; a descriptor to copy
 * only that image instead of the index; or a list to copy the index with only these images below it.
 * @throws MirrorError MIRROR_PLATFORM_MISSING
 */
export function choosePlatforms(
  index: ImageIndex,
  choice: PlatformChoice,
): "whole" | Descriptor | readonly Descriptor[] {
  if (choice === "all" || index.manifests.every(({ platform }) => platform === undefined)) return "whole";
  const found = choice.map((pattern) => {
    const matching = index.manifests.find(
      ({ platform }) => platform !== undefined && matchesPlatform(platform, pattern),
    );
    if (matching === undefined) throw missing(pattern, index);
    return matching;
  });
  return found.length === 1 && found[0] !== undefined ? found[0] : found;
}

function missing({ os, architecture, variant }: PlatformPattern, index: ImageIndex): MirrorError {
  const wanted = [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
  const got = index.manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [`${platform.os}/${platform.architecture}`],
  );
  return new MirrorError("MIRROR_PLATFORM_MISSING", `the index has no image for ${wanted}; it has ${got.join(", ")}`, {
    details: { wanted, got },
  });
}

/**
 * Like `choosePlatforms`, for the bytes of a root. Returns undefined to copy the whole root.
 * @throws as `choosePlatforms`
 */
export function chosenBelow(bytes: Uint8Array, choice: PlatformChoice): Descriptor | readonly Descriptor[] | undefined {
  const manifest = parseManifest(bytes);
  if (manifest.kind !== "index") return undefined;
  const chosen = choosePlatforms(manifest, choice);
  return chosen === "whole" ? undefined : chosen;
}
