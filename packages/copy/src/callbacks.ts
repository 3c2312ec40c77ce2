/**
 * A program's callbacks. An error that a callback throws ends the call with that same error. It is not a failure of a site,
 * so code that continues after failures must ask `isCallbackFault` first.
 */
const faults = new WeakSet<object>();

export type Callback<Event> = ((event: Event) => void) | undefined;

/**
 * Wraps the callback and marks the errors that it throws. A thrown value that is not an Error becomes the cause of a
 * TypeError.
 */
export function guardCallback<Event>(callback: Callback<Event>): (event: Event) => void {
  return (event) => {
    try {
      callback?.(event);
    } catch (thrown) {
      const fault =
        thrown instanceof Error
          ? thrown
          : new TypeError("a callback threw a value that is not an Error", { cause: thrown });
      faults.add(fault);
      throw fault;
    }
  };
}

export function isCallbackFault(error: unknown): boolean {
  return typeof error === "object" && error !== null && faults.has(error);
}
