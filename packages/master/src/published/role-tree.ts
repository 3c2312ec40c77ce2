/** Finds who delegates to a role, through any number of levels, and reads published roles as a client would verify them. */
import {
  createMatchBudget,
  defaultLimits,
  delegatedPaths,
  findAuthority,
  verifyDocument,
  type Authority,
  type Delegations,
  type MetaFile,
  type RoleName,
  type Snapshot,
  type SuccinctDelegations,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { delegatedRecordsMax } from "../limits.ts";
import { readRoleFile } from "./role-file.ts";
import type { Operation } from "../state/operation.ts";

/** One delegation on the way from targets to a role. */
interface Step {
  readonly delegations: Delegations;
  readonly role: RoleName;
}

export interface FoundRole {
  readonly name: RoleName;
  readonly delegator: RoleName;
  readonly by: Authority;
  /** From targets to the role. */
  readonly chain: readonly Step[];
}

/** Published delegated roles: from the registry, or in a file that was carried to a machine without a network. */
export interface RoleView {
  /** A delegated role's document, verified by the keys of its delegation. Undefined: it has none. */
  readonly readRole: (
    role: Pick<FoundRole, "name" | "by">,
  ) => Promise<{ readonly document: Targets; readonly bytes: Uint8Array } | undefined>;
}

/** Returns a role's document, or undefined if it has none. */
export type ReadRole = (name: RoleName, by: Authority) => Promise<Targets | undefined>;

interface Visit {
  readonly name: RoleName;
  readonly by: Authority;
  readonly chain: readonly Step[];
}

/**
 * Searches level by level, and each role once. Returns undefined if no role delegates to that one.
 * @throws TufError; OciError; MasterError MASTER_ROLE_UNKNOWN after `delegatedRecordsMax` roles
 */
export async function findRole(targets: Targets, wanted: RoleName, read: ReadRole): Promise<FoundRole | undefined> {
  const visited = new Set<RoleName>();
  const open: Visit[] = [];
  let document: Targets | undefined = targets;
  let from: Pick<Visit, "name" | "chain"> = { name: "targets" as RoleName, chain: [] };
  for (;;) {
    const delegations = document?.delegations;
    const by = findAuthority(delegations, wanted);
    if (by !== undefined && delegations !== undefined) {
      const chain = [...from.chain, { delegations, role: wanted }];
      return { name: wanted, delegator: from.name, by, chain };
    }
    if (delegations?.kind === "listed") open.push(...visitsOf(delegations, from.chain));
    const next = open.find(({ name }) => !visited.has(name));
    if (next === undefined) return undefined;
    if (visited.size >= delegatedRecordsMax) throw tooManyRoles(wanted);
    visited.add(next.name);
    document = await read(next.name, next.by);
    from = next;
  }
}

/** One that delegates to hash bins. */
export interface BinDelegator {
  readonly delegator: RoleName;
  readonly delegations: SuccinctDelegations;
}

export interface Delegators {
  readonly listed: ReadonlyMap<RoleName, readonly RoleName[]>;
  readonly bins: readonly BinDelegator[];
}

/**
 * The roles that delegate to each listed role, and those that delegate to hash bins, level by level, from all roles that
 * have a document. The bins themselves are not read.
 * @throws TufError; OciError; MasterError MASTER_ROLE_UNKNOWN after `delegatedRecordsMax` roles
 */
export async function findDelegators(targets: Targets, read: ReadRole): Promise<Delegators> {
  const delegators = new Map<RoleName, RoleName[]>();
  const bins: BinDelegator[] = [];
  const open: Visit[] = [];
  const take = ({ delegations }: Targets, from: RoleName): void => {
    if (delegations?.kind === "succinct") bins.push({ delegator: from, delegations });
    if (delegations?.kind !== "listed") return;
    for (const visit of visitsOf(delegations, [])) {
      const known = delegators.get(visit.name);
      if (known !== undefined) known.push(from);
      else {
        delegators.set(visit.name, [from]);
        open.push(visit);
      }
    }
  };
  take(targets, "targets" as RoleName);
  for (const [at, { name, by }] of open.entries()) {
    if (at >= delegatedRecordsMax) throw tooManyRoles(name);
    const document = await read(name, by);
    if (document !== undefined) take(document, name);
  }
  return { listed: delegators, bins };
}

function visitsOf(delegations: Delegations & { kind: "listed" }, chain: readonly Step[]): readonly Visit[] {
  const { keys } = delegations;
  return delegations.roles.map((role) => ({
    name: role.name,
    by: { keys, role },
    chain: [...chain, { delegations, role: role.name }],
  }));
}

/** The role that has this one as a hash bin. Undefined: it is no bin. */
export function binDelegator({ found }: { readonly found?: FoundRole | undefined }): RoleName | undefined {
  return found?.chain.at(-1)?.delegations.kind === "succinct" ? found.delegator : undefined;
}

/**
 * The targets of a role that a delegation on the way to it does not allow.
 * @throws TufError TUF_LIMIT_EXCEEDED if comparing them with the patterns takes too many steps
 */
export function foreignPaths({ chain }: FoundRole, paths: Iterable<TargetPath>): readonly TargetPath[] {
  const budget = createMatchBudget();
  const allowed = chain.map(({ delegations, role }) => delegatedPaths(delegations, role));
  return [...paths].filter((path) => {
    budget.addPath();
    return !allowed.every((step) => step.has(path, budget));
  });
}

/** @throws MasterError MASTER_PATH_NOT_DELEGATED; TufError TUF_LIMIT_EXCEEDED */
export function verifyScope(role: FoundRole, paths: Iterable<TargetPath>): void {
  const foreign = foreignPaths(role, paths);
  const [first] = foreign;
  if (first === undefined) return;
  const more = foreign.length === 1 ? "" : ` and ${foreign.length - 1} more`;
  const message = `${role.name} may not sign ${JSON.stringify(first)}${more}: its delegation does not allow these names`;
  throw new MasterError("MASTER_PATH_NOT_DELEGATED", message, { details: { role: role.name, paths: foreign } });
}

/** Files of delegated roles that were read already for a snapshot. */
const read = new WeakMap<Snapshot, Map<RoleName, Promise<Uint8Array | undefined>>>();

function readOnce(operation: Operation, snapshot: Snapshot, name: RoleName): Promise<Uint8Array | undefined> {
  const files = read.get(snapshot) ?? new Map<RoleName, Promise<Uint8Array | undefined>>();
  read.set(snapshot, files);
  const meta = snapshot.meta.get(`${name}.json`);
  const file = files.get(name) ?? (meta === undefined ? Promise.resolve(undefined) : readKept(operation, meta));
  files.set(name, file);
  return file;
}

/** A hash bin may be here already. */
async function readKept(operation: Operation, meta: MetaFile): Promise<Uint8Array | undefined> {
  return (await operation.files.findBin(meta.hashes?.get("sha256") ?? "")) ?? readRoleFile(operation, meta);
}

/**
 * The role's document of the published snapshot, or undefined if that lists none.
 * @throws TufError TUF_THRESHOLD_NOT_MET; MasterError MASTER_METADATA_UNAVAILABLE
 */
export async function readPublishedRole(
  operation: Operation,
  snapshot: Snapshot,
  { name, by }: Pick<FoundRole, "name" | "by">,
): Promise<{ readonly document: Targets; readonly bytes: Uint8Array } | undefined> {
  const meta = snapshot.meta.get(`${name}.json`);
  if (meta === undefined) return undefined;
  const bytes = await readOnce(operation, snapshot, name);
  if (bytes === undefined || bytes.length > defaultLimits.targetsMaxBytes) {
    throw new MasterError("MASTER_METADATA_UNAVAILABLE", `${name} ${meta.version} is not in the registry`, {
      details: { name, version: meta.version },
    });
  }
  return { document: verifyDocument(bytes, by, "targets"), bytes };
}

function tooManyRoles(role: RoleName): MasterError {
  return new MasterError("MASTER_ROLE_UNKNOWN", `${role} was not found in ${delegatedRecordsMax} roles`, {
    details: { role },
  });
}

export function unknownRole(role: string): MasterError {
  return new MasterError("MASTER_ROLE_UNKNOWN", `no role delegates to ${JSON.stringify(role)}`, { details: { role } });
}
