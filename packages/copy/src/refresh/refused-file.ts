import { TufError, withPlace } from "@dtuf/tuf";
import type { MetadataFile, MetadataView } from "../sources/source.ts";

/**
 * Has the rules look at a file of the view. What they refuse is told with the file's place: a chain of roots has many
 * files, and a refresh many sources. Code and details stay.
 * @throws TufError, whatever `step` throws
 */
export function lookAt<T>(view: MetadataView, file: MetadataFile, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const place = view.describe?.(file);
    if (!TufError.is(error) || place === undefined) throw error;
    throw withPlace(error, place);
  }
}
