/** Plans the destination of each image of a source. Pure: no request, no write. */
import { MirrorError } from "./errors.ts";
import { destinationKey, nameDestination, type Destination, type NamingOptions } from "./destinations/naming.ts";
import type { SourceFailure, SourceImage } from "./sources/source.ts";

export interface PlannedImage {
  readonly source: SourceImage;
  readonly destination: Destination;
  /** Name of the destination, for display and reports. */
  readonly name: string;
}

export interface SyncPlan {
  /** In the order of the source. */
  readonly images: readonly PlannedImage[];
  /** Images that have no valid name at the destination. */
  readonly failures: readonly SourceFailure[];
}

/** @throws MirrorError MIRROR_COLLISION if two different images would be written to one destination */
export function planSync(images: readonly SourceImage[], naming: NamingOptions): SyncPlan {
  const planned = new Map<string, PlannedImage>();
  const failures: SourceFailure[] = [];
  for (const source of images) {
    const found = name(source, naming);
    if ("error" in found) {
      failures.push(found);
      continue;
    }
    const key = collisionKey(found);
    const before = planned.get(key);
    if (before === undefined) planned.set(key, found);
    else if (before.source.name !== source.name) throw collision(before, found);
  }
  verifyLayouts([...planned.values()]);
  return { images: [...planned.values()], failures };
}

/** Directories are compared without case, because on many file systems `V1` and `v1` are one name. */
function collisionKey({ destination, name: shown }: PlannedImage): string {
  return destination.kind === "dir" ? shown.toLowerCase() : shown;
}

function name(source: SourceImage, naming: NamingOptions): PlannedImage | SourceFailure {
  try {
    const destination = nameDestination(source, naming);
    return { source, destination, name: destinationKey(destination) };
  } catch (error) {
    if (!MirrorError.is(error)) throw error;
    return { name: source.name, error, of: source };
  }
}

/** Refuses a layout for two repositories, because tags in a layout do not name their repository. */
function verifyLayouts(images: readonly PlannedImage[]): void {
  const owners = new Map<string, PlannedImage>();
  for (const image of images) {
    if (image.destination.kind !== "layout") continue;
    const owner = owners.get(image.destination.directory);
    if (owner === undefined) owners.set(image.destination.directory, image);
    else if (owner.source.repository !== image.source.repository) throw collision(owner, image);
  }
}

function collision(first: PlannedImage, second: PlannedImage): MirrorError {
  const { name: one } = first.source;
  const { name: other } = second.source;
  return new MirrorError("MIRROR_COLLISION", `${one} and ${other} would both be written to ${second.name}`, {
    details: { destination: second.name, sources: [one, other] },
  });
}
