/** The delegations as a tree in the order of trust, with what shadows what. Pure. */
import { binNames, type DelegatedRole, type Delegations, type RoleName, type Targets } from "@dtuf/tuf";
import { comparedLengthMax, comparedPatternsMax, delegationsMax, depthMax, patternsMax } from "../limits.ts";
import { coversPattern, overlapsPattern } from "./patterns.ts";
import { cut, listFirst, type DelegationFacts, type Listing } from "../report.ts";

/** The document of a delegated role, or why it was not read. */
export type FindRole = (role: RoleName, delegator: RoleName) => Targets | string;

export interface TreeOptions {
  readonly find: FindRole;
  /** The roles from the top to the one whose delegations are described. */
  readonly above: readonly RoleName[];
}

const none: Listing<never> = { shown: [], more: 0 };

export function describeDelegations(
  delegations: Delegations | undefined,
  options: TreeOptions,
): Listing<DelegationFacts> {
  if (delegations === undefined) return none;
  if (delegations.kind === "succinct") return { shown: [describeBins(delegations)], more: 0 };
  const { roles } = delegations;
  // Each is compared with those before it: only those that are shown.
  const { shown, more } = listFirst(roles, delegationsMax);
  return { shown: shown.map((role, at) => describeRole(role, { earlier: shown.slice(0, at), ...options })), more };
}

function describeBins({ succinct }: Extract<Delegations, { kind: "succinct" }>): DelegationFacts {
  const [first] = binNames(succinct);
  return {
    ...{ order: 1, role: `${first ?? succinct.namePrefix} ...`, paths: none, prefixes: none, terminating: true },
    ...{ threshold: succinct.threshold, keys: succinct.keyIds.length, bins: 2 ** succinct.bitLength },
    ...{ after: [], delegations: none },
  };
}

interface Placed extends TreeOptions {
  readonly earlier: readonly DelegatedRole[];
}

function describeRole(role: DelegatedRole, { earlier, find, above }: Placed): DelegationFacts {
  const { name, paths = [], pathHashPrefixes = [], terminating, threshold, keyIds } = role;
  const shadow = earlier.find((each) => each.terminating && takesAll(each, role));
  const delegator = above.at(-1);
  const found = delegator === undefined ? "no role delegates it" : readOnce(role, { find, above });
  const document = typeof found === "string" ? undefined : found;
  return {
    ...{ order: earlier.length + 1, role: name, terminating, threshold, keys: keyIds.length },
    paths: listFirst(paths.map(cut), patternsMax),
    prefixes: listFirst(pathHashPrefixes, patternsMax),
    ...(typeof found === "string" ? { unread: found } : { version: found.version, targets: found.targets.size }),
    ...(shadow === undefined ? {} : { neverAskedBecauseOf: cut(shadow.name) }),
    after: shadow === undefined ? earlier.filter((each) => mayShare(each, role)).map((each) => cut(each.name)) : [],
    delegations: describeDelegations(document?.delegations, { find, above: [...above, name] }),
  };
}

/** A role that delegates to one above it is asked once. */
function readOnce({ name }: DelegatedRole, { find, above }: TreeOptions): Targets | string {
  const delegator = above.at(-1);
  if (delegator === undefined || above.includes(name)) return "it is above itself in this tree: it is asked once";
  if (above.length >= depthMax) return `more than ${depthMax} delegations deep`;
  return find(name, delegator);
}

function takesAll(earlier: DelegatedRole, later: DelegatedRole): boolean {
  if (earlier.pathHashPrefixes?.includes("") === true) return true;
  const { paths, pathHashPrefixes: prefixes } = later;
  if (paths !== undefined) {
    if (paths.length > comparedPatternsMax) return false;
    return paths.every(
      (inner) => earlier.paths?.slice(0, comparedPatternsMax).some((outer) => covers(outer, inner)) === true,
    );
  }
  return prefixes?.every((inner) => earlier.pathHashPrefixes?.some((outer) => inner.startsWith(outer))) === true;
}

/** Names by patterns and names by hashes may always meet. */
function mayShare(earlier: DelegatedRole, later: DelegatedRole): boolean {
  if (earlier.paths !== undefined && later.paths !== undefined) {
    const others = earlier.paths.slice(0, comparedPatternsMax);
    const isMany = Math.max(earlier.paths.length, later.paths.length) > comparedPatternsMax;
    return isMany || later.paths.some((one) => others.some((other) => overlaps(one, other)));
  }
  if (earlier.pathHashPrefixes !== undefined && later.pathHashPrefixes !== undefined) {
    return later.pathHashPrefixes.some((one) =>
      earlier.pathHashPrefixes?.some((other) => one.startsWith(other) || other.startsWith(one)),
    );
  }
  return true;
}

function isShort(...patterns: readonly string[]): boolean {
  return patterns.every(({ length }) => length <= comparedLengthMax);
}

/** Not claimed of patterns that are too long to compare. */
function covers(outer: string, inner: string): boolean {
  return outer === inner || (isShort(outer, inner) && coversPattern(outer, inner));
}

/** Claimed of patterns that are too long to compare, because it is possible. */
function overlaps(one: string, other: string): boolean {
  return !isShort(one, other) || overlapsPattern(one, other);
}
