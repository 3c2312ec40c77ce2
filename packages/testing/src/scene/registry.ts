import { createHostileRegistry, type HostileRegistry } from "../hostile-registry/hostile-registry.ts";
import { before, type During } from "./before.ts";

/** A hostile registry with no faults yet. */
export function useHostileRegistry(during: During = "each test"): HostileRegistry {
  const registry = {} as HostileRegistry;
  before(during, async () => {
    // `connections` is a getter.
    Object.defineProperties(registry, Object.getOwnPropertyDescriptors(await createHostileRegistry()));
    return () => registry.close();
  });
  return registry;
}
