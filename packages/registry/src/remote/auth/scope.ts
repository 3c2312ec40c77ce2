/** Scopes of the token protocol: `repository:library/busybox:pull,push`, `registry:catalog:*`. */

export interface Scope {
  /** "repository" or "registry". */
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export function encodeScope(scope: Scope): string {
  return `${scope.type}:${scope.name}:${scope.actions.join(",")}`;
}

/** Merges scopes of the same type and name, in order of appearance; their actions are sorted. */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  const merged = new Map<string, Scope>();
  for (const { type, name, actions } of scopes) {
    const key = JSON.stringify([type, name]);
    const all = new Set([...(merged.get(key)?.actions ?? []), ...actions]);
    merged.set(key, { type, name, actions: [...all].toSorted() });
  }
  return [...merged.values()];
}

/** Whether a token for `held` covers `wanted`. */
export function coverScopes(held: readonly Scope[], wanted: readonly Scope[]): boolean {
  return wanted.every(({ type, name, actions }) =>
    held.some(
      (scope) =>
        scope.type === type && scope.name === name && actions.every((action) => scope.actions.includes(action)),
    ),
  );
}
