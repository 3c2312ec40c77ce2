/** Said by every command that carries roots from one place to another. */
export function describeLeftOut(
  { newest, error }: { readonly newest: number; readonly error: unknown },
  repo: string,
): string {
  const why = error instanceof Error ? error.message : "";
  return (
    `left out root ${newest} and every older one, which are taken only if the pinned root's keys signed them: ${why}; ` +
    "clients that are pinned to them cannot follow what is written from here. " +
    `To take them along, give the chain that the publisher writes: dtuf get-root ${repo} --all`
  );
}
