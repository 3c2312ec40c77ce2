/** Names of targets: all of them, or those whose content differs from the content that was last pulled. */
import type { TargetPath } from "@dtuf/tuf";
import type { CopyEvent } from "../events.ts";
import { CopyError } from "../errors.ts";
import { contentName } from "../state/pulled-memory.ts";
import { isCallbackFault } from "../callbacks.ts";
import { createRoleLoader, type LoadContext, type LoadedRepository } from "../refresh/loaded-repository.ts";
import { walkTargets, type ListedTarget } from "../refresh/walk-targets.ts";

export type { ListedTarget };

export interface ListPathsContext extends LoadContext {
  readonly onEvent: (event: CopyEvent) => void;
}

/**
 * Yields each path once, in the order of trust. Roles are fetched when the loop reaches them. A role that cannot be loaded
 * ends the list with its error. Offline, roles that were never fetched are left out, and one event reports how many.
 */
export async function* listFiles(loaded: LoadedRepository, context: ListPathsContext): AsyncGenerator<ListedTarget> {
  const load = createRoleLoader(loaded, context);
  const leftOut: string[] = [];
  const onFailure = (role: string, error: unknown): void => {
    if (!CopyError.is(error) || error.code !== "COPY_OFFLINE_NOTHING_CACHED") throw error;
    leftOut.push(role);
  };
  yield* walkTargets(loaded, { load, bins: "include", delegations: "follow", signal: context.signal, onFailure });
  const [role] = leftOut;
  if (role === undefined) return;
  const message = `offline: ${leftOut.length} delegated roles were never fetched; their targets are not listed`;
  context.onEvent({ kind: "role-skipped", role, error: new CopyError("COPY_OFFLINE_NOTHING_CACHED", message) });
}

export interface FindUpdatedContext extends LoadContext {
  readonly pulled: ReadonlyMap<string, string>;
  readonly delegations: "follow" | "skip";
  readonly onEvent: (event: CopyEvent) => void;
}

/**
 * Hash bins are left out. A delegated role that cannot be loaded is reported by an event; the others are still searched.
 */
export async function findUpdated(
  loaded: LoadedRepository,
  context: FindUpdatedContext,
): Promise<readonly TargetPath[]> {
  const { pulled, delegations, onEvent } = context;
  const load = createRoleLoader(loaded, context);
  const updated: TargetPath[] = [];
  const onFailure = (role: string, error: unknown): void => {
    context.signal?.throwIfAborted();
    if (isCallbackFault(error)) throw error;
    onEvent({ kind: "role-skipped", role, error });
  };
  const { signal } = context;
  for await (const { path, file } of walkTargets(loaded, { load, bins: "leave-out", delegations, signal, onFailure })) {
    const before = pulled.get(path);
    if (before === undefined || before !== contentName(file)) updated.push(path);
  }
  return updated;
}
