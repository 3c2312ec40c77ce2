/** Response headers. Names are case-insensitive. */
export interface HttpHeaders {
  /** The first value of that name. */
  get(name: string): string | undefined;
  /** Every value of that name, in order, not split at commas. */
  all(name: string): readonly string[];
}

/** Makes headers from pairs in the order in which they were received. Names are compared case-insensitively. */
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
