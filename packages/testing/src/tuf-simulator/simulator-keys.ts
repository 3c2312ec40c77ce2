/** Who signs in a simulated repository: keys of roles, and delegations to others. */
import { binNames, parseRoleName, specVersion } from "@dtuf/tuf";
import type { DelegatedRole, Key, KeyId, Role, Signer, SuccinctRoles, Targets, TopLevelRole } from "@dtuf/tuf";
import { createTestSigner } from "../keys.ts";
import { targetsOf, type Core, type Draft } from "./simulator-documents.ts";

export interface NewDelegation {
  readonly name: string;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
  readonly terminating?: boolean;
  /** Default: one new signer. */
  readonly signers?: readonly Signer[];
  readonly threshold?: number;
}

export function addDelegation(core: Core, delegator: string, delegation: NewDelegation): Draft<Targets> {
  const from = targetsOf(core, delegator);
  from.delegations ??= { kind: "listed", keys: new Map(), roles: [], unrecognized: {} };
  if (from.delegations.kind !== "listed") throw new TypeError(`${delegator} has succinct roles`);
  const { name, paths, pathHashPrefixes, terminating = false, threshold = 1 } = delegation;
  const role: Draft<DelegatedRole> = {
    name: parseRoleName(name),
    keyIds: [],
    threshold,
    terminating,
    unrecognized: {},
    ...(pathHashPrefixes === undefined
      ? { paths: [...(paths ?? ["*"])] }
      : { pathHashPrefixes: [...pathHashPrefixes] }),
  };
  from.delegations.roles.push(role);
  for (const signer of delegation.signers ?? [createTestSigner()]) addSigner(core, { role: name, signer, delegator });
  return addRole(core, name);
}

export function addSuccinctRoles(
  core: Core,
  delegator: string,
  shape: { bitLength: number; namePrefix: string },
): string[] {
  const signer = createTestSigner();
  const keyIds = [signer.keyId];
  const succinct = { ...shape, keyIds, threshold: 1, unrecognized: {} } satisfies SuccinctRoles;
  const keys = new Map<KeyId, Draft<Key>>([[signer.keyId, { ...signer.key }]]);
  targetsOf(core, delegator).delegations = {
    kind: "succinct",
    keys,
    succinct,
    unrecognized: {},
  };
  const names = Array.from(binNames(succinct));
  for (const name of names) {
    core.signers.set(name, [signer]);
    addRole(core, name);
  }
  return names;
}

function addRole(core: Core, name: string): Draft<Targets> {
  const role: Draft<Targets> = core.delegates.get(name) ?? {
    type: "targets",
    version: 1,
    specVersion,
    expires: new Date(core.expires),
    targets: new Map(),
    unrecognized: {},
  };
  core.delegates.set(name, role);
  return role;
}

export function addSigner(
  core: Core,
  { role, signer, delegator }: { role: string; signer: Signer; delegator: string },
): void {
  const from = delegator === "root" ? core.root : targetsOf(core, delegator).delegations;
  from?.keys.set(signer.keyId, { ...signer.key });
  const listed = roleIn(core, role, delegator);
  if (!listed.keyIds.includes(signer.keyId)) listed.keyIds.push(signer.keyId);
  core.signers.set(role, [...(core.signers.get(role) ?? []), signer]);
}

function roleIn(core: Core, role: string, delegator: string): Draft<Role> {
  if (delegator === "root") return core.root.roles[role as TopLevelRole];
  const { delegations } = targetsOf(core, delegator);
  const found =
    delegations?.kind === "succinct" ? delegations.succinct : delegations?.roles.find((r) => r.name === role);
  if (found === undefined) throw new TypeError(`${delegator} does not delegate to ${role}`);
  return found;
}

export function rotateKeys(core: Core, role: TopLevelRole): void {
  if (role === "root") core.retired.push(...(core.signers.get(role) ?? []));
  const listed = core.root.roles[role];
  listed.keyIds = [];
  core.signers.set(role, []);
  for (let count = 0; count < listed.threshold; count += 1) {
    addSigner(core, { role, signer: createTestSigner(), delegator: "root" });
  }
}
