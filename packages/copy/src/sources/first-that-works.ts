/**
 * Tries several sites in order of preference. A site that is down, does not have the file or sends a wrong one is
 * skipped.
 */
export interface FirstThatWorksOptions<Site> {
  readonly signal?: AbortSignal | undefined;
  /** Whether to stop at this error, because no other site could succeed. An abort always stops. */
  readonly isFinal: (error: unknown) => boolean;
  /** Called for each failure after which the next site is tried. */
  readonly onFailure?: ((site: Site, error: unknown) => void) | undefined;
}

/**
 * Returns the result of the first site for which `attempt` returns a value. Returns undefined if every site answered and no
 * site has the value. If no site has it and some failed, throws the first of their errors.
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
