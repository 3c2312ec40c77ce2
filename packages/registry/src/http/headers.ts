/** Response headers, by name in any case. */
export interface HttpHeaders {
  /** The first of that name. */
  get(name: string): string | undefined;
  /** Every one of that name, in order, not split at commas. */
  all(name: string): readonly string[];
}

/** Headers from pairs in the order in which they came. Names are compared without regard to case. */
export function createHeaders(pairs: Iterable<readonly [name: string, value: string]>): HttpHeaders {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  return {
    get: (name) => values.get(name.toLowerCase())?.[0],
    all: (name) => values.get(name.toLowerCase()) ?? [],
  };
}
