/** The targets of all roles, each with the role that is trusted for it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { CopyError } from "../errors.ts";
import {
  createMatchBudget,
  findTarget,
  type LoadRole,
  type MatchBudget,
  type RoleName,
  type TargetFile,
  type TargetPath,
} from "@dtuf/tuf";
import { isCallbackFault } from "../callbacks.ts";
import { walkRoles, type LoadedRepository, type WalkedRole, type WalkRolesOptions } from "./loaded-repository.ts";

/** A target with the first role that lists it in the order of trust, and its signed metadata. */
export interface ListedTarget {
  readonly path: TargetPath;
  readonly role: RoleName;
  readonly file: TargetFile;
}

export interface WalkTargetsOptions extends Omit<WalkRolesOptions, "budget"> {
  /** "skip": those of the top-level role alone. */
  readonly delegations: "follow" | "skip";
  readonly signal?: AbortSignal | undefined;
}

/**
 * Yields each path once. A path that the first way to a role does not delegate to it is left out, unless another way through
 * the same roles does, which is looked for at the end. Comparing paths with patterns is bounded (`MatchBudget`): the role at
 * which the bound is reached fails like one that cannot be loaded. Meanwhile the event loop gets its turns.
 */
export async function* walkTargets(
  loaded: LoadedRepository,
  options: WalkTargetsOptions,
): AsyncGenerator<ListedTarget> {
  const walk = { ...options, budget: createMatchBudget() };
  const comparing = createTurns(walk);
  const seen = new Set<TargetPath>();
  const walked = new Set<RoleName>();
  const others: ListedTarget[] = [];
  for await (const found of walkRoles(loaded, walk)) {
    const { role } = found;
    walked.add(role);
    for (const [path, file] of found.targets.targets) {
      if (seen.has(path)) continue;
      await comparing();
      const isAllowed = findAllowed(found, path, options);
      if (isAllowed === undefined) break;
      if (isAllowed) {
        seen.add(path);
        yield { path, role, file };
      } else others.push({ path, role, file });
    }
    if (options.delegations === "skip") break;
  }
  for (const other of others) {
    const { path, role } = other;
    if (seen.has(path)) continue;
    await comparing();
    const trusted = await findTrusted(loaded, other, { walked, ...walk });
    if (walk.budget.isSpent()) break;
    if (trusted !== role) continue;
    seen.add(path);
    yield other;
  }
}

/** Some milliseconds. */
const stepsPerTurn = 1_000_000;

/** To be awaited before each path. */
function createTurns({ budget, signal }: Pick<Trusted, "budget" | "signal">): () => Promise<void> | undefined {
  let next = stepsPerTurn;
  const giveTurn = async (): Promise<void> => {
    next = budget.spent + stepsPerTurn;
    await nextTurn();
    signal?.throwIfAborted();
  };
  return () => {
    budget.addPath();
    return budget.spent < next ? undefined : giveTurn();
  };
}

/** Undefined: the bound is reached, and `onFailure` returned. */
function findAllowed(
  { role, allows }: WalkedRole,
  path: TargetPath,
  { onFailure }: Pick<WalkRolesOptions, "onFailure">,
): boolean | undefined {
  try {
    return allows(path);
  } catch (error) {
    onFailure(role, error);
    return undefined;
  }
}

interface Trusted extends Pick<WalkTargetsOptions, "load" | "signal" | "onFailure"> {
  readonly budget: MatchBudget;
  readonly walked: ReadonlySet<RoleName>;
}

/** The role that a search finds for the path without loading another role. */
async function findTrusted(
  { set }: LoadedRepository,
  { path, role: lister }: ListedTarget,
  { walked, load, signal, budget, onFailure }: Trusted,
): Promise<string | undefined> {
  const loadWalked: LoadRole = (role, delegator) => {
    if (walked.has(role)) return load(role, delegator);
    throw new CopyError("COPY_METADATA_MISSING", `the role ${JSON.stringify(role)} was not walked`);
  };
  try {
    return (await findTarget(set, path, { load: loadWalked, budget }))?.role;
  } catch (error) {
    signal?.throwIfAborted();
    if (isCallbackFault(error)) throw error;
    if (budget.isSpent()) onFailure(lister, error);
    return undefined;
  }
}
