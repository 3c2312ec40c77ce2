/** Values for programs: frozen copies, so that a program cannot change the trusted set. */

/** A deep copy of plain data, deeply frozen. `set`, `delete` and `clear` of its Maps throw a TypeError. */
export function frozenCopy<Value>(value: Value): Value {
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Map) {
    for (const method of ["set", "delete", "clear"]) Object.defineProperty(value, method, { value: refuse });
  }
  const parts: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  for (const part of parts) freeze(part);
  Object.freeze(value);
}

function refuse(): never {
  throw new TypeError("this Map is frozen");
}
