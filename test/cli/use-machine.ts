/** Machines that have the same name in all tests of a file. */
import type { HostileRegistry } from "@dtuf/testing";
import { before, type During } from "@dtuf/testing/scene/before";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { createMachineIn, settingsOf, type Environment, type Machine } from "./machine.ts";

/** Empty at first, with these settings. */
export function useMachine(environment: Environment = {}, during: During = "each test"): Machine {
  const machine = createMachineIn(useDirectory(during), environment);
  before(during, async () => void Object.assign(machine, settingsOf(environment)));
  return machine;
}

/** The same, with this registry for its own. */
export function useMachineOf(registry: HostileRegistry, environment: Environment, during: During): Machine {
  const machine = useMachine({ DTUF_INSECURE: "1", ...environment }, during);
  before(during, async () => void (machine.environment["DTUF_HOST"] = registry.host));
  return machine;
}

export function useMachineAndRegistry(during: During = "each test"): {
  readonly machine: Machine;
  readonly registry: HostileRegistry;
} {
  const registry = useHostileRegistry(during);
  return { registry, machine: useMachineOf(registry, {}, during) };
}
