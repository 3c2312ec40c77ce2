/** Stores at the destination, one for each repository or directory. Nothing is created before the first `put`. */
import { isDigest, parseTag, type Digest, type Reference, type TagName, type WriteStore } from "@dtuf/registry";
import { createLayoutStore, type LayoutStoreOptions } from "@dtuf/registry/layout";
import { createDirStore } from "../directories/dir-store.ts";
import type { Destination } from "./naming.ts";
import type { Located } from "../images/transfers.ts";

/** Opens repositories of the destination registries. */
export interface DestinationRegistries {
  repository(host: string, repository: string): Promise<WriteStore>;
}

export interface LocatedDestination {
  readonly at: Located<WriteStore>;
  /** Undefined: the image is found only by its digest. */
  readonly tag: TagName | undefined;
  /** Digest that the destination name contains; the image must have it. */
  readonly digest: Digest | undefined;
}

export interface Destinations {
  locate(destination: Destination): Promise<LocatedDestination>;
}

/** `dir:` has no tags; this placeholder tag makes the store write manifest.json. */
const theImage: TagName = parseTag("image");

export interface DestinationOptions extends Pick<LayoutStoreOptions, "onLockWait"> {
  /** Required if an image is copied to a registry. */
  readonly registries?: DestinationRegistries | undefined;
  readonly now: () => Date;
}

/**
 * Creates the stores for the destinations of a run. Each is opened when the first image is located there, and shared
 * afterwards.
 */
export function createDestinations(options: DestinationOptions): Destinations {
  const { registries } = options;
  const stores = new Map<string, Promise<Located<WriteStore>>>();
  const once = (key: string, open: () => Promise<Located<WriteStore>>): Promise<Located<WriteStore>> => {
    const found = stores.get(key) ?? open();
    stores.set(key, found);
    return found;
  };
  const locateDocker = ({ registry, repository }: Reference): Promise<Located<WriteStore>> =>
    once(`docker:${registry}/${repository}`, async () => {
      if (registries === undefined)
        throw new TypeError("a destination is a registry, but the option `registries` is missing");
      const store = await registries.repository(registry, repository);
      return { store, realm: `docker:${registry}`, name: repository, distance: "remote" };
    });
  return {
    async locate(destination) {
      switch (destination.kind) {
        case "docker": {
          const { tag, digest } = destination.reference;
          return { at: await locateDocker(destination.reference), tag, digest };
        }
        case "dir":
          return locateDirectory(destination.directory, options);
        case "layout": {
          const { directory, tag } = destination;
          const at = await once(`oci:${directory}`, () => Promise.resolve(locateLayout(directory, options)));
          return { at, tag, digest: undefined };
        }
      }
    },
  };
}

function locateDirectory(directory: string, { now, onLockWait }: DestinationOptions): LocatedDestination {
  const store = createDirStore({ directory, now, onLockWait });
  const digest = directory.slice(directory.lastIndexOf("@") + 1);
  return {
    at: { store, realm: "dir", name: directory, distance: "local", exclusively: store.exclusively },
    tag: theImage,
    digest: isDigest(digest) ? digest : undefined,
  };
}

function locateLayout(directory: string, { now, onLockWait }: DestinationOptions): Located<WriteStore> {
  const store = createLayoutStore({ directory, now, onLockWait, findDirectory: (name) => name });
  return { store, realm: "oci", name: directory, distance: "local" };
}
