/** Compares two states of a repository: what a proposal means, in the terms of the people who sign it. Pure. */
import {
  keyIdOf,
  topLevelRoles,
  type Authority,
  type DelegatedRole,
  type Delegations,
  type Key,
  type Root,
  type SignedFields,
  type SuccinctRoles,
  type TargetFile,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import { changedFields, isSameTarget, type TargetMap } from "../../documents/changes.ts";
import { keyHolderOf } from "../../documents/key-owner.ts";
import { findPeriods, withoutPeriods } from "../../documents/periods.ts";
import type { Periods } from "../../contract/keys.ts";
import type {
  DocumentChange,
  KeyLine,
  PeriodChange,
  ProposalSummary,
  TargetChange,
  TrustChange,
} from "../../contract/team.ts";

/** One document before and after. */
export interface DocumentPair {
  readonly role: string;
  readonly before: Root | Targets | undefined;
  readonly after: Root | Targets;
  /** Set: the document is a hash bin of this role. */
  readonly binOf?: string | undefined;
  /** Published targets of hash bins that the role no longer delegates to. */
  readonly left?: TargetMap | undefined;
}

/**
 * What changes between the two documents of each pair: versions, keys, thresholds, delegations, periods, targets. Hash bins are one
 * document, and their targets are those of the role that delegates to them.
 */
export function summarize(pairs: readonly DocumentPair[]): ProposalSummary {
  const own = pairs.filter(({ binOf }) => binOf === undefined);
  return {
    documents: [...own.map(describeDocument), ...describeBins(pairs)],
    trust: pairs.flatMap(compareTrust),
    periods: pairs.flatMap(comparePeriods),
    targets: gatherTargets(pairs).flatMap(compareTargets),
  };
}

/** The targets of a role and of its hash bins, before and after. */
export interface RoleTargets {
  readonly role: string;
  readonly before: TargetMap;
  readonly after: TargetMap;
}

export function gatherTargets(pairs: readonly DocumentPair[]): readonly RoleTargets[] {
  const roles = new Map<
    string,
    { role: string; before: [TargetPath, TargetFile][]; after: [TargetPath, TargetFile][] }
  >();
  for (const { role, binOf, before, after, left } of pairs) {
    if (after.type === "root") continue;
    const name = binOf ?? role;
    const gathered = roles.get(name) ?? { role: name, before: [], after: [] };
    roles.set(name, gathered);
    for (const entry of before?.type === "targets" ? before.targets : []) gathered.before.push(entry);
    for (const entry of left ?? []) gathered.before.push(entry);
    for (const entry of after.targets) gathered.after.push(entry);
  }
  return [...roles.values()].map(({ role, before, after }) => ({
    role,
    before: new Map(before),
    after: new Map(after),
  }));
}

function describeBins(pairs: readonly DocumentPair[]): readonly DocumentChange[] {
  const groups = new Map<string, DocumentPair[]>();
  for (const pair of pairs) {
    if (pair.binOf === undefined) continue;
    const group = groups.get(pair.binOf);
    if (group === undefined) groups.set(pair.binOf, [pair]);
    else group.push(pair);
  }
  return [...groups.values()].flatMap((group) => {
    const described = group.map(describeDocument);
    const [first] = described;
    if (first === undefined || described.length === 1) return described;
    const after = described.map((each) => each.after);
    const version = after.reduce((most, each) => Math.max(most, each.version), 0);
    const expires = after.reduce((least, each) => (each.expires < least ? each.expires : least), first.after.expires);
    const otherFields = [...new Set(described.flatMap((each) => each.otherFields))];
    return [{ role: first.role, bins: described.length, after: { version, expires }, otherFields }];
  });
}

export function keyLine(key: Key): KeyLine {
  const { owner } = keyHolderOf(key);
  return { fingerprint: keyIdOf(key), ...(owner === undefined ? {} : { owner }) };
}

function describeDocument({ role, before, after }: DocumentPair): DocumentChange {
  const line = ({ version, expires }: SignedFields): DocumentChange["after"] => ({ version, expires });
  return {
    role,
    ...(before === undefined ? {} : { before: line(before) }),
    after: line(after),
    otherFields: otherFields(before, after),
  };
}

/** Fields that no other part of the summary shows. */
function otherFields(before: Root | Targets | undefined, after: Root | Targets): readonly string[] {
  const none: Readonly<Record<string, unknown>> = after.type === "targets" ? { delegations: [] } : {};
  const [old, next] = [before === undefined ? none : fieldsOf(before), fieldsOf(after)];
  const names = new Set([...Object.keys(old), ...Object.keys(next)]);
  return [...names].filter((name) => JSON.stringify(old[name]) !== JSON.stringify(next[name])).toSorted();
}

function fieldsOf(document: Root | Targets): Readonly<Record<string, unknown>> {
  const unrecognized = withoutPeriods(document.unrecognized);
  if (document.type === "targets") return { ...unrecognized, delegations: delegationFields(document.delegations) };
  const families = topLevelRoles.map((role) => [...(document.roles[role].families ?? [])]);
  const roles = topLevelRoles.map((role) => withoutPeriods(document.roles[role].unrecognized));
  return { ...unrecognized, consistent_snapshot: document.consistentSnapshot, families, roles };
}

function comparePeriods({ role, before, after }: DocumentPair): readonly PeriodChange[] {
  const roles = after.type === "root" ? (["root", "snapshot", "timestamp"] as const) : [role];
  return roles.flatMap((name) => {
    const [old, next] = [periodsIn(before, name), periodsIn(after, name)];
    if (old?.expiryDays === next?.expiryDays && old?.signingDays === next?.signingDays) return [];
    return [{ role: name, before: old, after: next }];
  });
}

function periodsIn(document: Root | Targets | undefined, role: string): Periods | undefined {
  if (document === undefined) return undefined;
  const isOnline = document.type === "root" && (role === "snapshot" || role === "timestamp");
  return findPeriods(isOnline ? document.roles[role].unrecognized : document.unrecognized);
}

/** Fields beside those that say who may sign what. */
function delegationFields(delegations: Delegations | undefined): readonly unknown[] {
  if (delegations === undefined) return [];
  const fields =
    delegations.kind === "listed"
      ? delegations.roles.map(({ name, unrecognized }) => [name, unrecognized] as const)
      : [[delegations.succinct.namePrefix, delegations.succinct.unrecognized] as const];
  return [["", delegations.unrecognized] as const, ...fields].filter(([, each]) => Object.keys(each).length > 0);
}

interface Trust extends Authority {
  readonly scope?: string | undefined;
}

function compareTrust({ role, before, after }: DocumentPair): readonly TrustChange[] {
  const [old, next] = [trustOf(before), trustOf(after)];
  const names = [...new Set([...old.keys(), ...next.keys()])];
  return names.flatMap((name) => compareAuthorities(name, role, [old.get(name), next.get(name)]));
}

function trustOf(document: Root | Targets | undefined): ReadonlyMap<string, Trust> {
  if (document === undefined) return new Map();
  if (document.type === "root") {
    const { keys, roles } = document;
    return new Map(topLevelRoles.map((name) => [name, { keys, role: roles[name] }]));
  }
  const { delegations } = document;
  if (delegations === undefined) return new Map();
  const { keys } = delegations;
  if (delegations.kind === "succinct") {
    const role = delegations.succinct;
    return new Map([[role.namePrefix, { keys, role, scope: scopeOfBins(role) }]]);
  }
  return new Map(delegations.roles.map((role, at) => [role.name, { keys, role, scope: scopeOf(role, at) }]));
}

/** The place in the order counts too, because earlier roles win. */
function scopeOf({ paths, pathHashPrefixes, terminating }: DelegatedRole, at: number): string {
  const what = paths?.map(patternText).join(" ") ?? `hash prefixes ${pathHashPrefixes?.join(" ") ?? ""}`;
  return `${what} (place ${at + 1}${terminating ? ", terminating" : ""})`;
}

/** Quoted if it could be read as several patterns, or as the words around it. */
function patternText(pattern: string): string {
  return /^[^\s"()]+$/.test(pattern) ? pattern : JSON.stringify(pattern);
}

function scopeOfBins({ bitLength }: SuccinctRoles): string {
  return `${2 ** bitLength} hash bins`;
}

function compareAuthorities(
  role: string,
  within: string,
  [old, next]: readonly [Trust | undefined, Trust | undefined],
): readonly TrustChange[] {
  const [before, after] = [linesOf(old), linesOf(next)];
  const keysIn = [...after].flatMap(([id, line]) => (before.has(id) ? [] : [line]));
  const keysOut = [...before].flatMap(([id, line]) => (after.has(id) ? [] : [line]));
  const threshold = { before: old?.role.threshold, after: next?.role.threshold };
  const scope = { before: old?.scope, after: next?.scope };
  const isSame =
    keysIn.length + keysOut.length === 0 &&
    threshold.before === threshold.after &&
    scope.before === scope.after &&
    (old === undefined) === (next === undefined);
  if (isSame) return [];
  const change = old === undefined ? "add" : next === undefined ? "remove" : "change";
  const isScoped = (scope.before ?? scope.after) !== undefined;
  return [{ role, in: within, change, keysIn, keysOut, threshold, ...(isScoped ? { scope } : {}) }];
}

/** By fingerprint, so that another name for the same key is no change; another owner is one. */
function linesOf(trust: Trust | undefined): ReadonlyMap<string, KeyLine> {
  const lines = (trust?.role.keyIds ?? []).flatMap((keyId) => {
    const key = trust?.keys.get(keyId);
    const line = key === undefined ? undefined : keyLine(key);
    return line === undefined ? [] : [[`${line.fingerprint} ${line.owner ?? ""}`, line] as const];
  });
  return new Map(lines);
}

function compareTargets({ role, before, after }: RoleTargets): readonly TargetChange[] {
  const changes: TargetChange[] = [];
  for (const [path, file] of after) {
    const known = before.get(path);
    if (isSameTarget(known, file)) continue;
    const change = known === undefined ? "add" : "replace";
    const size = { before: known?.length, after: file.length };
    changes.push({ role, path, change, size, sha256: file.hashes.get("sha256"), fields: changedFields(known, file) });
  }
  for (const [path, { length }] of before) {
    if (!after.has(path)) changes.push({ role, path, change: "delete", size: { before: length }, fields: [] });
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
