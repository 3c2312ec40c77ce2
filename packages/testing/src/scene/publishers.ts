/** Publishers of one registry, a layout. Each test finds all of it new behind the same names. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createLayoutStore, type LayoutStore } from "@dtuf/registry/layout";
import { beforeEach } from "vitest";
import { createFixedClock, type FixedClock } from "../fixed-clock.ts";
import type { HostileRegistry } from "../hostile-registry/hostile-registry.ts";
import { useHostileRegistry } from "./registry.ts";
import { useDirectory } from "./directory.ts";

export interface Publishers<P, O> {
  /** Of the states, by their names, and of the registry. */
  readonly directory: string;
  readonly clock: FixedClock;
  readonly store: LayoutStore;
  readonly open: (name: string, options?: Partial<O>) => P;
  /** Another machine with the keys of `master`, and its own record as it is now. */
  readonly clone: (name: string, options?: Partial<O>) => Promise<P>;
}

/** `create` is createMaster, which this package does not import. */
export function usePublishers<P, O>(create: (options: O) => P): Publishers<P, O> {
  const directory = useDirectory();
  const clock = createFixedClock();
  const openStore = (): LayoutStore => createLayoutStore({ directory: join(directory, "registry"), now: clock.now });
  const store = openStore();
  beforeEach(() => {
    Object.assign(clock, createFixedClock());
    Object.assign(store, openStore());
  });
  const open = (name: string, options?: Partial<O>): P =>
    create({ store, place: "here", directory: join(directory, name), now: clock.now, ...options } as O);
  return {
    ...{ directory, clock, store, open },
    async clone(name, options) {
      await cp(join(directory, "master"), join(directory, name), { recursive: true });
      return open(name, options);
    },
  };
}

/** A publisher of a hostile registry, at the registry's address. */
export function useRegistryPublisher<P, O>(
  create: (options: O) => P,
): {
  readonly directory: string;
  readonly registry: HostileRegistry;
  readonly open: (options?: Partial<O>) => P;
} {
  const [directory, registry] = [useDirectory(), useHostileRegistry()];
  const open = (options?: Partial<O>): P =>
    create({
      ...{ repository: `${registry.host}/fred/demo`, scheme: "http", directory: join(directory, "master") },
      // Later than the files: the digest of a file that changed a moment ago is not remembered.
      now: () => new Date(Date.now() + 60_000),
      ...options,
    } as O);
  return { directory, registry, open };
}

interface Founder {
  createRootKey(): Promise<unknown>;
  createMetadataKeys(): Promise<unknown>;
  createMetadata(): Promise<unknown>;
}

/** Gives a new publisher its keys and the first metadata. */
export async function establish<P extends Founder>(publisher: P): Promise<P> {
  await publisher.createRootKey();
  await publisher.createMetadataKeys();
  await publisher.createMetadata();
  return publisher;
}
