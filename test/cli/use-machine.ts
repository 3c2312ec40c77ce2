/** Machines that have the same name in all tests of a file. */
import type { HostileRegistry } from "@dtuf/testing";
import { before, type During } from "@dtuf/testing/scene/before";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { useHostileRegistry } from "@dtuf/testing/scene/registry";
import { createMachineIn, settingsOf, type Machine } from "./machine.ts";

/** Empty at first, with these settings. */
export function useMachine(environment: Readonly<Record<string, string>> = {}, during: During = "each test"): Machine {
  const machine = createMachineIn(useDirectory(during), environment);
  before(during, async () => void Object.assign(machine, settingsOf(environment)));
  return machine;
}

/** The same, and its registry, a hostile one. */
export function useMachineAndRegistry(during: During = "each test"): {
  readonly machine: Machine;
  readonly registry: HostileRegistry;
} {
  const [machine, registry] = [useMachine({ DTUF_INSECURE: "1" }, during), useHostileRegistry(during)];
  before(during, async () => void (machine.environment["DTUF_HOST"] = registry.host));
  return { machine, registry };
}
