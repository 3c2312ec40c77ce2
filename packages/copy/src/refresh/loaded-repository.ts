/**
 * A trusted set in use: the top-level roles from a refresh or the cache, and the delegated roles that are loaded when they
 * are needed, from the cache if the cached file verifies, else from the source.
 */
import {
  binNames,
  delegatedPaths,
  parseRoleName,
  TufError,
  verifyUnexpired,
  type Delegations,
  type LoadRole,
  type MatchBudget,
  type RoleName,
  type TargetPath,
  type Targets,
  type TopLevelRole,
  type TrustedSet,
} from "@dtuf/tuf";
import type { CacheDraft } from "../state/cache-draft.ts";
import { isCallbackFault } from "../callbacks.ts";
import { CopyError } from "../errors.ts";
import { frozenCopy } from "../frozen.ts";
import { fetch, missing, type FetchContext } from "./refresh.ts";
import { withFileInError } from "./file-in-error.ts";
import { firstThatWorks } from "../sources/first-that-works.ts";
import { createTakenPaths, type TakenPaths } from "./taken-paths.ts";
import type { MetadataView } from "../sources/source.ts";

export interface LoadedRepository {
  readonly set: TrustedSet;
  readonly draft: CacheDraft;
  /** Views to fetch delegated roles from; the site that answered the refresh is first. Empty offline. */
  readonly views: readonly MetadataView[];
  /** Delegated roles in use. */
  readonly delegated: Map<RoleName, Targets>;
}

export interface LoadContext extends FetchContext {
  /** The time of this call, which may be long after the repository was loaded. */
  readonly now: Date;
}

/**
 * Fetches a role for `findTarget` and for listing.
 * @throws TufError; CopyError COPY_METADATA_MISSING, COPY_OFFLINE_NOTHING_CACHED
 */
export function createRoleLoader(loaded: LoadedRepository, context: LoadContext): LoadRole {
  const { set, draft, delegated } = loaded;

  function update(role: RoleName, delegator: RoleName, bytes: Uint8Array): void {
    set.updateDelegated(role, delegator, bytes);
    const trusted = set.delegated(role, delegator);
    if (trusted === undefined) return;
    delegated.set(role, trusted.signed);
    // The set uses the time at which the repository was loaded; this call may be long after it.
    verifyUnexpired(trusted, context.now);
  }

  return async (role, delegator) => {
    const wanted = set.wanted(role);
    const cached = await draft.findDelegated(role);
    const refusal = cached === undefined ? undefined : refusalOf(() => update(role, delegator, cached));
    if (cached !== undefined && refusal === undefined) return;
    // Offline, report an expired role as expired, not as missing.
    if (loaded.views.length === 0 && refusal?.code === "TUF_EXPIRED") throw refusal;
    const take = async (view: MetadataView): Promise<"taken"> => {
      const bytes = await fetch(role, wanted, { context, view });
      if (bytes === undefined) throw missing(role, wanted.version);
      withFileInError(view, { role, version: wanted.version }, () => update(role, delegator, bytes));
      draft.keepDelegated(role, bytes);
      return "taken";
    };
    const { signal } = context;
    const taken = await firstThatWorks(loaded.views, take, { signal, isFinal: isCallbackFault });
    if (taken === undefined) {
      throw new CopyError(
        "COPY_OFFLINE_NOTHING_CACHED",
        `offline, and the delegated role ${JSON.stringify(role)} is not cached`,
      );
    }
  };
}

export interface WalkedRole {
  readonly role: RoleName;
  readonly targets: Targets;
  /**
   * Whether every delegation on the way to the role allows it the path, and no terminating one before it in the order of trust took
   * it. A way through other roles may allow more.
   * @throws TufError TUF_LIMIT_EXCEEDED if the budget is spent
   */
  readonly allows: (path: TargetPath) => boolean;
}

export interface WalkRolesOptions {
  readonly load: LoadRole;
  /** Whether to include hash bins. They are many, and only a complete list needs them. */
  readonly bins: "include" | "leave-out";
  /** Of all roles together. */
  readonly budget: MatchBudget;
  /** Called if a role cannot be loaded. If it returns, the walk continues without the role. */
  readonly onFailure: (role: RoleName, error: unknown) => void;
}

const targetsRole: RoleName = parseRoleName("targets");

/** Yields each targets role once, in pre-order and in the order of trust. */
export async function* walkRoles(loaded: LoadedRepository, options: WalkRolesOptions): AsyncGenerator<WalkedRole> {
  const top = loaded.set.targets;
  if (top === undefined) return;
  const allowsAll = (): boolean => true;
  yield { role: targetsRole, targets: top.signed, allows: allowsAll };
  const visited = new Set<RoleName>([targetsRole]);
  const { bins, budget } = options;
  const taken = createTakenPaths(budget);
  // Iterators, because a role may delegate to 2^32 bins.
  const context = { bins, budget, taken };
  const pending = [delegations({ role: targetsRole, targets: top.signed, allows: allowsAll }, context)];
  for (let last = pending.at(-1); last !== undefined; last = pending.at(-1)) {
    const { value: next } = last.next();
    if (next === undefined) pending.pop();
    if (next === undefined || visited.has(next.role)) continue;
    const { role, allows } = next;
    visited.add(role);
    const targets = await loadRole(loaded, next, options);
    if (targets === undefined) continue;
    yield { role, targets, allows: (path) => allows(path) && !taken.has(path) };
    pending.push(delegations({ role, targets, allows }, context));
  }
}

interface Delegation extends Pick<WalkedRole, "role" | "allows"> {
  readonly delegator: RoleName;
}

async function loadRole(
  { set }: LoadedRepository,
  { role, delegator }: Delegation,
  { load, onFailure }: WalkRolesOptions,
): Promise<Targets | undefined> {
  try {
    if (set.delegated(role, delegator) === undefined) await load(role, delegator);
    return set.delegated(role, delegator)?.signed;
  } catch (error) {
    onFailure(role, error);
    return undefined;
  }
}

interface WalkContext extends Pick<WalkRolesOptions, "bins" | "budget"> {
  readonly taken: TakenPaths;
}

/** Continues behind a role after the roles below it were walked. */
function* delegations(from: WalkedRole, { bins, budget, taken }: WalkContext): Generator<Delegation, undefined> {
  const { delegations: found } = from.targets;
  if (found === undefined) return undefined;
  /** Only the given delegation, because a list of thousands would be searched for each role. */
  const to = (role: RoleName, own: Delegations): Delegation => {
    const paths = delegatedPaths(own, role);
    return { role, delegator: from.role, allows: (path) => paths.has(path, budget) && from.allows(path) };
  };
  if (found.kind === "succinct") {
    if (bins === "include") for (const role of binNames(found.succinct)) yield to(role, found);
    taken.add(from, "all");
    return undefined;
  }
  for (const role of found.roles) {
    if (bins === "include" || role.pathHashPrefixes === undefined) yield to(role.name, { ...found, roles: [role] });
    if (role.terminating) taken.add(from, role);
  }
  return undefined;
}

/** Expirations and versions of the loaded roles, by role. */
export function describeLoaded({ set, delegated }: LoadedRepository): {
  readonly expirations: ReadonlyMap<string, Date>;
  readonly versions: ReadonlyMap<string, number>;
} {
  const { root, timestamp, snapshot, targets } = set;
  const top: Readonly<
    Record<TopLevelRole, { readonly signed: { readonly version: number; readonly expires: Date } } | undefined>
  > = { root, targets, snapshot, timestamp };
  const expirations = new Map<string, Date>();
  const versions = new Map<string, number>();
  for (const [role, trusted] of Object.entries(top)) {
    if (trusted === undefined) continue;
    expirations.set(role, trusted.signed.expires);
    versions.set(role, trusted.signed.version);
  }
  for (const [role, { expires, version }] of delegated) {
    expirations.set(role, expires);
    versions.set(role, version);
  }
  return frozenCopy({ expirations, versions });
}

/**
 * The earliest expiry of the top-level roles and the loaded delegated roles. The loaded repository is usable until then.
 */
export function validUntil(loaded: LoadedRepository): Date {
  const { root, timestamp, snapshot, targets } = loaded.set;
  let until = Infinity;
  for (const trusted of [root, timestamp, snapshot, targets]) {
    until = Math.min(until, trusted?.signed.expires.getTime() ?? 0);
  }
  for (const { expires } of loaded.delegated.values()) until = Math.min(until, expires.getTime());
  return new Date(until);
}

function refusalOf(step: () => void): TufError | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (TufError.is(error)) return error;
    throw error;
  }
}
