/**
 * `x-dtuf-require-families` of a root: for each role, how many of the counted signatures must be made by keys of a family.
 *
 *     "x-dtuf-require-families": { "root": { "ml-dsa": 1 }, "targets": { "ml-dsa": 1 } }
 *
 * Example: a role has a threshold of two, an ML-DSA key and two ed25519 keys. An attacker who can forge ed25519 signatures
 * meets the threshold without the ML-DSA key. This rule prevents that. It applies from the first root that states it,
 * intermediate roots included, and no later root may lower it. Because the root role decides who has every other key,
 * a requirement for any role needs one of the same family for `root`. Other clients ignore the field.
 */
import { TufError } from "./errors.ts";
import { asObject, fieldOf, malformed, objectFrom, positiveAt } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { TopLevelRole } from "./names.ts";
import { isTopLevelRole, topLevelRoles } from "./names.ts";
import type { KeyFamily } from "./public-key.ts";

/** By family: 1 or more. */
export type FamilyCounts = ReadonlyMap<KeyFamily, number>;

export const familiesField = "x-dtuf-require-families";

const families: ReadonlySet<string> = new Set(["ed25519", "ecdsa", "rsa", "ml-dsa"] satisfies KeyFamily[]);

/**
 * Parses the field. Unknown roles and families are refused, because they could not be verified.
 * @throws TufError TUF_MALFORMED
 */
export function parseFamilies(signed: JsonObject): ReadonlyMap<TopLevelRole, FamilyCounts> {
  const field = fieldOf(signed, familiesField);
  if (field === undefined) return new Map();
  const byRole = new Map<TopLevelRole, FamilyCounts>();
  for (const [role, counts] of Object.entries(asObject(field, familiesField))) {
    if (!isTopLevelRole(role)) throw malformed("root", `${familiesField} has ${JSON.stringify(role.slice(0, 80))}`);
    byRole.set(role, parseCounts(asObject(counts, familiesField)));
  }
  const needed = [...byRole.values()].flatMap((counts) => [...counts.keys()]);
  const loose = needed.find((family) => byRole.get("root")?.has(family) !== true);
  if (loose !== undefined) throw malformed("root", `${familiesField} requires ${loose} but not for the role root`);
  return byRole;
}

function parseCounts(object: JsonObject): FamilyCounts {
  const counts = new Map<KeyFamily, number>();
  for (const family of Object.keys(object)) {
    if (!families.has(family)) throw malformed("root", `${familiesField} has ${JSON.stringify(family.slice(0, 80))}`);
    counts.set(family as KeyFamily, positiveAt(object, family, familiesField));
  }
  return counts;
}

/** The field's value; undefined if no role requires anything. */
export function encodeFamilies(
  roles: Readonly<Record<TopLevelRole, { readonly families?: FamilyCounts | undefined }>>,
): JsonObject | undefined {
  const stated = topLevelRoles.flatMap((role) => {
    const counts = roles[role].families;
    return counts === undefined || counts.size === 0 ? [] : [[role, objectFrom(counts, (count) => count)] as const];
  });
  return stated.length === 0 ? undefined : Object.fromEntries(stated);
}

/** @throws TufError TUF_FAMILY_DROPPED if the next root lacks or lowers a requirement of the previous one */
export function verifyFamiliesKept(
  before: Readonly<Record<TopLevelRole, { readonly families?: FamilyCounts | undefined }>>,
  after: Readonly<Record<TopLevelRole, { readonly families?: FamilyCounts | undefined }>>,
): void {
  for (const role of topLevelRoles) {
    for (const [family, wanted] of before[role].families ?? []) {
      const got = after[role].families?.get(family) ?? 0;
      if (got >= wanted) continue;
      const message = `the new root requires ${got} ${family} signatures of ${role}; the previous root requires ${wanted}`;
      throw new TufError("TUF_FAMILY_DROPPED", message, { details: { role, family, got, wanted } });
    }
  }
}
