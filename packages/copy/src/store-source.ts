import type { ReadStore } from "@dtuf/registry";
import type { Source } from "./source.ts";

export interface StoreSourceOptions {
  /** For events and errors; default "registry". */
  readonly name?: string | undefined;
  /** Docker's layout keeps targets in a repository of their own. Default: the store itself. */
  readonly targets?: ReadStore | undefined;
}

/** A registry's repository or a layout: format 1, and Docker's layout. */
export function createStoreSource(_store: ReadStore, _options: StoreSourceOptions = {}): Source {
  throw new TypeError("not there yet");
}
