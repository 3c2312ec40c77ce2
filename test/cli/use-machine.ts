import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach } from "vitest";
import { createMachineIn, settingsOf, type Machine } from "./machine.ts";

/** A machine that each test finds empty, with these settings. */
export function useMachine(environment: Readonly<Record<string, string>> = {}): Machine {
  const machine = createMachineIn(useDirectory(), environment);
  beforeEach(() => void Object.assign(machine, settingsOf(environment)));
  return machine;
}
