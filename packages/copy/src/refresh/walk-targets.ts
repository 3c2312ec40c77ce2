/** The targets of all roles, each with the role that is trusted for it. */
import { CopyError } from "../errors.ts";
import { findTarget, type LoadRole, type RoleName, type TargetFile, type TargetPath } from "@dtuf/tuf";
import { isCallbackFault } from "../callbacks.ts";
import { walkRoles, type LoadedRepository, type WalkRolesOptions } from "./loaded-repository.ts";

/** A target with the first role that lists it in the order of trust, and its signed metadata. */
export interface ListedTarget {
  readonly path: TargetPath;
  readonly role: string;
  readonly file: TargetFile;
}

export interface WalkTargetsOptions extends WalkRolesOptions {
  /** "skip": those of the top-level role alone. */
  readonly delegations: "follow" | "skip";
  readonly signal?: AbortSignal | undefined;
}

/**
 * Yields each path once. A path that the first way to a role does not delegate to it is left out, unless another way through
 * the same roles does, which is looked for at the end.
 */
export async function* walkTargets(
  loaded: LoadedRepository,
  options: WalkTargetsOptions,
): AsyncGenerator<ListedTarget> {
  const seen = new Set<TargetPath>();
  const walked = new Set<RoleName>();
  const others: ListedTarget[] = [];
  for await (const { role, targets, allows } of walkRoles(loaded, options)) {
    walked.add(role);
    for (const [path, file] of targets.targets) {
      if (seen.has(path)) continue;
      if (allows(path)) {
        seen.add(path);
        yield { path, role, file };
      } else others.push({ path, role, file });
    }
    if (options.delegations === "skip") break;
  }
  for (const other of others) {
    const { path, role } = other;
    if (seen.has(path) || (await findTrusted(loaded, path, { walked, ...options })) !== role) continue;
    seen.add(path);
    yield other;
  }
}

interface Trusted extends Pick<WalkTargetsOptions, "load" | "signal"> {
  readonly walked: ReadonlySet<RoleName>;
}

/** The role that a search finds for the path without loading another role. */
async function findTrusted(
  { set }: LoadedRepository,
  path: TargetPath,
  { walked, load, signal }: Trusted,
): Promise<string | undefined> {
  const loadWalked: LoadRole = (role, delegator) => {
    if (walked.has(role)) return load(role, delegator);
    throw new CopyError("COPY_METADATA_MISSING", `the role ${JSON.stringify(role)} was not walked`);
  };
  try {
    return (await findTarget(set, path, { load: loadWalked }))?.role;
  } catch (error) {
    signal?.throwIfAborted();
    if (isCallbackFault(error)) throw error;
    return undefined;
  }
}
