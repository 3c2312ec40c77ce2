/** Who must sign each role, who did, and until when it is valid; and each key once, with the roles that it signs. Pure. */
import { findPeriods, keyHolderOf, periodsOf, type MasterStatus } from "@dtuf/master";
import {
  findAuthority,
  findValidSignatures,
  keyIdOf,
  keyMaterial,
  topLevelRoles,
  type Authority,
  type Key,
  type Targets,
  type Trusted,
  type TrustedSet,
} from "@dtuf/tuf";
import { dayMs } from "../../context/settings/setting-kinds.ts";
import { keysMax, rolesMax } from "./limits.ts";
import { cut, listFirst, type KeyFacts, type Listing, type RoleFacts } from "./report.ts";

/** A delegated role that was read, and the document that delegates it. */
export interface ReadRole {
  readonly delegator: string;
  readonly by: Authority;
  readonly document: Trusted<Targets>;
}

export interface RolesOptions {
  readonly now: Date;
  /** How soon counts as due. Default: the signing period that the metadata names, if it names one. */
  readonly withinMs: number | undefined;
}

export function describeRoles(
  { root, timestamp, snapshot, targets }: TrustedSet,
  delegated: readonly ReadRole[],
  options: RolesOptions,
): Listing<RoleFacts> {
  const documents = { root, timestamp, snapshot, targets };
  const sources = { root: root.signed, targets: targets?.signed };
  const top = topLevelRoles.flatMap((role) => {
    const document = documents[role];
    if (document === undefined) return [];
    const by = { keys: root.signed.keys, role: root.signed.roles[role] };
    const signingDays = periodsOf(role, sources)?.signingDays;
    return [describeRole({ document, delegator: "root", by, signingDays }, options)];
  });
  const others = delegated.map(({ document, delegator, by }) => {
    const signingDays = findPeriods(document.signed.unrecognized)?.signingDays;
    return describeRole({ document, delegator, by, signingDays }, options);
  });
  return listFirst([...top, ...others], rolesMax);
}

interface Signed {
  readonly document: Pick<Trusted<Pick<Targets, "version" | "expires">>, "role" | "signed" | "bytes">;
  readonly delegator: string;
  readonly by: Authority;
  readonly signingDays: number | undefined;
}

function describeRole({ document, delegator, by, signingDays }: Signed, { now, withinMs }: RolesOptions): RoleFacts {
  const { version, expires } = document.signed;
  const valid = new Set(findValidSignatures(document.bytes, by));
  const left = expires.getTime() - now.getTime();
  const window = withinMs ?? (signingDays ?? 0) * dayMs;
  return {
    ...{ role: document.role, delegator, version, expires, threshold: by.role.threshold },
    state: left <= 0 ? "expired" : left <= window ? "soon" : "good",
    keys: by.role.keyIds.flatMap((id) => {
      const key = by.keys.get(id);
      if (key === undefined) return [];
      const { owner } = keyHolderOf(key);
      return [{ fingerprint: keyIdOf(key), signed: valid.has(id), ...(owner === undefined ? {} : { owner }) }];
    }),
    ...(signingDays === undefined ? {} : { signingDays }),
  };
}

/** What the publisher's own record says, if nothing could be read from the registry. */
export function describeRecordedRoles({ roles }: Pick<MasterStatus, "roles">): Listing<RoleFacts> {
  const described = roles.map(({ keys, signed, periods, ...role }): RoleFacts => {
    const valid = signed === undefined ? undefined : new Set(signed.map(({ fingerprint }) => fingerprint));
    return {
      ...role,
      delegator: topLevelRoles.some((top) => top === role.role) ? "root" : "targets",
      keys: keys.map((key) => ({ ...key, ...(valid === undefined ? {} : { signed: valid.has(key.fingerprint) }) })),
      ...(periods === undefined ? {} : { signingDays: periods.signingDays }),
    };
  });
  return listFirst(described, rolesMax);
}

/** Roles and their keys, as documents list them: those of the root, and those of each document that delegates. */
export function listAuthorities(set: TrustedSet, delegated: readonly ReadRole[]): readonly NamedAuthority[] {
  const { keys, roles } = set.root.signed;
  const documents = [set.targets?.signed, ...delegated.map(({ document }) => document.signed)];
  return [
    ...topLevelRoles.map((role) => ({ role, by: { keys, role: roles[role] } })),
    ...documents.flatMap((document) => authoritiesOf(document)),
  ];
}

interface NamedAuthority {
  readonly role: string;
  readonly by: Authority;
}

function authoritiesOf(document: Targets | undefined): readonly NamedAuthority[] {
  const delegations = document?.delegations;
  if (delegations === undefined) return [];
  if (delegations.kind === "succinct") {
    const { namePrefix } = delegations.succinct;
    return [{ role: `${namePrefix} (hash bins)`, by: { keys: delegations.keys, role: delegations.succinct } }];
  }
  return delegations.roles.flatMap(({ name }) => {
    const by = findAuthority(delegations, name);
    return by === undefined ? [] : [{ role: name, by }];
  });
}

interface UsedKey {
  readonly key: Key;
  readonly ids: Set<string>;
  readonly roles: Set<string>;
}

export function describeKeys(authorities: readonly NamedAuthority[]): Listing<KeyFacts> {
  const used = new Map<string, UsedKey>();
  for (const { role, by } of authorities) {
    for (const id of by.role.keyIds) {
      const key = by.keys.get(id);
      if (key === undefined) continue;
      const material = keyMaterial(key) ?? keyIdOf(key);
      const known = used.get(material) ?? { key, ids: new Set(), roles: new Set() };
      known.ids.add(id);
      known.roles.add(role);
      used.set(material, known);
    }
  }
  return listFirst(Array.from(used.values(), describeKey), keysMax);
}

function describeKey({ key, ids, roles }: UsedKey): KeyFacts {
  const { owner, uri } = keyHolderOf(key);
  const signer = uri === undefined ? undefined : /^[a-z][a-z0-9+.-]*/i.exec(uri)?.[0];
  return {
    ...{ fingerprint: keyIdOf(key), type: key.scheme, roles: [...roles].slice(0, keysMax).map(cut), ids: ids.size },
    ...(owner === undefined ? {} : { owner }),
    ...(signer === undefined ? {} : { signer }),
  };
}
