/**
 * A program's callbacks. What one throws ends the call with that very error: it is no site's fault and no reason for going
 * on, so whatever goes on after failures asks `isCallbackFault` first.
 */
const faults = new WeakSet<object>();

export type Callback<Event> = ((event: Event) => void) | undefined;

/** The callback, with what it throws marked. What is no object cannot be marked and is the cause of a TypeError instead. */
export function guardCallback<Event>(callback: Callback<Event>): (event: Event) => void {
  return (event) => {
    try {
      callback?.(event);
    } catch (thrown) {
      const fault =
        thrown instanceof Error ? thrown : new TypeError("a callback threw what is no Error", { cause: thrown });
      faults.add(fault);
      throw fault;
    }
  };
}

export function isCallbackFault(error: unknown): boolean {
  return typeof error === "object" && error !== null && faults.has(error);
}
