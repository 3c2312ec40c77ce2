/** Names of targets: all of them, or those whose content is not what was last pulled. */
import type { TargetFile, TargetPath } from "@dtuf/tuf";
import type { CopyEvent } from "../events.ts";
import { CopyError } from "../errors.ts";
import { contentName } from "../state/pulled-memory.ts";
import { isCallbackFault } from "../callbacks.ts";
import { createRoleLoader, walkRoles, type LoadContext, type Session } from "../refresh/session.ts";

/** A target as the role that is trusted with it first describes it. */
export interface ListedTarget {
  readonly path: TargetPath;
  readonly role: string;
  readonly file: TargetFile;
}

export interface ListPathsContext extends LoadContext {
  readonly onEvent: (event: CopyEvent) => void;
}

/**
 * Each path once, in the order of trust; roles are fetched as the loop reaches them. A role that cannot be had ends it, but
 * for those that offline were never fetched: one event says how many are left out.
 */
export async function* listFiles(session: Session, context: ListPathsContext): AsyncGenerator<ListedTarget> {
  const load = createRoleLoader(session, context);
  const seen = new Set<TargetPath>();
  const leftOut: string[] = [];
  const onFailure = (role: string, error: unknown): void => {
    if (!CopyError.is(error) || error.code !== "COPY_OFFLINE_NOTHING_CACHED") throw error;
    leftOut.push(role);
  };
  for await (const { role, targets } of walkRoles(session, { load, bins: "include", onFailure })) {
    for (const [path, file] of targets.targets) {
      if (seen.has(path)) continue;
      seen.add(path);
      yield { path, role, file };
    }
  }
  const [role] = leftOut;
  if (role === undefined) return;
  const message = `offline, and never fetched: ${leftOut.length} delegated roles, whose targets are not listed`;
  context.onEvent({ kind: "role-skipped", role, error: new CopyError("COPY_OFFLINE_NOTHING_CACHED", message) });
}

export interface FindUpdatedContext extends LoadContext {
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
  const onFailure = (role: string, error: unknown): void => {
    context.signal?.throwIfAborted();
    if (isCallbackFault(error)) throw error;
    onEvent({ kind: "role-skipped", role, error });
  };
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
