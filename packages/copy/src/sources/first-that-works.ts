/** Several sites in order of preference: one that is down, lacks the thing or lies is passed over. */
export interface FirstThatWorksOptions<Site> {
  readonly signal?: AbortSignal | undefined;
  /** Whether an error ends it all, because no other site could do better. An abort always does. */
  readonly isFinal: (error: unknown) => boolean;
  /** Told of each failure that another site may make good; default: nobody. */
  readonly onFailure?: ((site: Site, error: unknown) => void) | undefined;
}

/**
 * What the first site gives for which `attempt` gets through and has an answer. Undefined: every site answered, and none
 * has it. If no site has it and some failed, what the first of them threw is thrown.
 */
export async function firstThatWorks<Site, T>(
  sites: readonly Site[],
  attempt: (site: Site) => Promise<T | undefined>,
  { signal, isFinal, onFailure }: FirstThatWorksOptions<Site>,
): Promise<T | undefined> {
  const failures: unknown[] = [];
  for (const site of sites) {
    signal?.throwIfAborted();
    try {
      const found = await attempt(site);
      if (found !== undefined) return found;
    } catch (error) {
      if (signal?.aborted === true || isFinal(error)) throw error;
      failures.push(error);
      onFailure?.(site, error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return undefined;
}
