import { TufError, withPlace } from "@dtuf/tuf";
import type { MetadataFile, MetadataView } from "../sources/source.ts";

/**
 * Runs a step that verifies a file of the view. Adds the location of the file to a TufError, because a chain of roots has
 * many files and a refresh many sources. Code and details do not change.
 * @throws TufError; any other error of `step`
 */
export function withFileInError<T>(view: MetadataView, file: MetadataFile, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const place = view.describe?.(file);
    if (!TufError.is(error) || place === undefined) throw error;
    throw withPlace(error, place);
  }
}
