/** From the images of a source to a list of what to copy where. Pure: nothing is asked and nothing is written. */
import { MirrorError } from "./errors.ts";
import { destinationKey, nameDestination, type Destination, type NamingOptions } from "./destinations/naming.ts";
import type { SourceFailure, SourceImage } from "./sources/source.ts";

export interface PlannedImage {
  readonly source: SourceImage;
  readonly destination: Destination;
  /** For people and reports. */
  readonly name: string;
}

export interface SyncPlan {
  /** In the order of the source. */
  readonly images: readonly PlannedImage[];
  /** Images that cannot be called anything at the destination. */
  readonly failures: readonly SourceFailure[];
}

/** @throws MirrorError MIRROR_COLLISION where two different images would be written to one place */
export function planSync(images: readonly SourceImage[], naming: NamingOptions): SyncPlan {
  const planned = new Map<string, PlannedImage>();
  const failures: SourceFailure[] = [];
  for (const source of images) {
    const found = name(source, naming);
    if ("error" in found) {
      failures.push(found);
      continue;
    }
    const key = placeOf(found);
    const before = planned.get(key);
    if (before === undefined) planned.set(key, found);
    else if (before.source.name !== source.name) throw collision(before, found);
  }
  verifyLayouts([...planned.values()]);
  return { images: [...planned.values()], failures };
}

/** Many file systems take `V1` and `v1` for one name, and a directory is made to be carried from one to another. */
function placeOf({ destination, name: shown }: PlannedImage): string {
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

/** Tags say nothing of their repository: a layout that held those of two could not be told apart again. */
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
