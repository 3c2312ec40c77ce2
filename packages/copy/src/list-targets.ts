/** Names of targets: all of them, or those whose content is not what was last pulled. */
import type { TargetPath } from "@dtuf/tuf";
import type { CopyEvent } from "./events.ts";
import { contentName } from "./pulled-memory.ts";
import type { FetchContext } from "./refresh.ts";
import { createRoleLoader, walkRoles, type Session } from "./session.ts";

/** Each path once, in the order of trust; roles are fetched as the loop reaches them. A role that cannot be had ends it. */
export async function* listPaths(session: Session, context: FetchContext): AsyncGenerator<TargetPath> {
  const load = createRoleLoader(session, context);
  const seen = new Set<TargetPath>();
  const fail = (_role: string, error: unknown): never => {
    throw error;
  };
  for await (const { targets } of walkRoles(session, { load, bins: "include", onFailure: fail })) {
    for (const path of targets.targets.keys()) {
      if (seen.has(path)) continue;
      seen.add(path);
      yield path;
    }
  }
}

export interface FindUpdatedContext extends FetchContext {
  readonly pulled: ReadonlyMap<string, string>;
  readonly delegations: "follow" | "skip";
  readonly onEvent: (event: CopyEvent) => void;
}

/** Hash bins are left out; a delegated role that cannot be had is named in an event and spoils nothing else. */
export async function findUpdated(session: Session, context: FindUpdatedContext): Promise<readonly TargetPath[]> {
  const { pulled, delegations, onEvent } = context;
  const load = createRoleLoader(session, context);
  const seen = new Set<TargetPath>();
  const updated: TargetPath[] = [];
  const onFailure = (role: string, error: unknown): void => onEvent({ kind: "role-skipped", role, error });
  for await (const { targets } of walkRoles(session, { load, bins: "leave-out", onFailure })) {
    for (const [path, file] of targets.targets) {
      if (seen.has(path)) continue;
      seen.add(path);
      const before = pulled.get(path);
      if (before === undefined || before !== contentName(file)) updated.push(path);
    }
    if (delegations === "skip") break;
  }
  return updated;
}
