/** What a client finds for a name, and the way there, in words. */
import {
  findTarget,
  isDelegatedPath,
  matchesPath,
  pathHash,
  TufError,
  type Delegations,
  type FoundTarget,
  type LoadRole,
  type RoleName,
  type TargetPath,
  type Targets,
  type TrustedSet,
  type WalkStep,
} from "@dtuf/tuf";
import { CopyError } from "@dtuf/copy";
import { OciError } from "@dtuf/registry";
import { stepsMax } from "./limits.ts";
import { cut, type FoundFacts, type Step, type Walk } from "./report.ts";

export interface Walking {
  readonly set: TrustedSet;
  readonly load: LoadRole;
  readonly now: Date;
}

/** Errors of metadata and of the registry become the reason why there is nothing. */
export async function walkTo(path: TargetPath, { set, load, now }: Walking): Promise<Walk> {
  const steps: Step[] = [];
  let last: WalkStep | undefined;
  const trace = (step: WalkStep): void => {
    last = step;
    if (steps.length < stepsMax) steps.push(describeStep(set, step, path));
  };
  try {
    const found = await findTarget(set, path, { load, trace });
    if (found === undefined) return { path, steps, why: whyNothing(set, last, path) };
    const expired = expiredRole(set, found, now);
    if (expired !== undefined) return { path, steps, why: `${expired} has expired, so that clients refuse it` };
    return { path, steps, found: describeFound(found) };
  } catch (error) {
    if (!TufError.is(error) && !CopyError.is(error) && !OciError.is(error)) throw error;
    return { path, steps, why: cut(`${error.message} (${error.code})`) };
  }
}

function expiredRole(set: TrustedSet, { role }: FoundTarget, now: Date): string | undefined {
  const documents = [
    ["root", set.root.signed],
    ["timestamp", set.timestamp?.signed],
    ["snapshot", set.snapshot?.signed],
    ["targets", set.targets?.signed],
    [role, role === "targets" ? undefined : set.delegated(role)?.signed],
  ] as const;
  return documents.find(([, signed]) => signed !== undefined && signed.expires <= now)?.[0];
}

function describeStep(set: TrustedSet, { role, delegator, outcome }: WalkStep, path: TargetPath): Step {
  const isTop = delegator === "root";
  const why = isTop ? "every search begins here" : whyAsked(documentOf(set, delegator)?.delegations, role, path);
  return { role: cut(role), delegator: cut(delegator), why: cut(why), outcome };
}

function documentOf(set: TrustedSet, role: RoleName): Targets | undefined {
  return role === "targets" ? set.targets?.signed : set.delegated(role)?.signed;
}

function whyAsked(delegations: Delegations | undefined, name: RoleName, path: TargetPath): string {
  if (delegations === undefined) return "delegated";
  if (delegations.kind === "succinct")
    return `the bin of the name, whose SHA-256 begins with ${pathHash(path).slice(0, 8)}`;
  const at = delegations.roles.findIndex((each) => each.name === name);
  const role = delegations.roles[at];
  const pattern = role?.paths?.find((each) => matchesPath(each, path));
  const prefix = role?.pathHashPrefixes?.find((each) => pathHash(path).startsWith(each));
  const match = pattern === undefined ? `the hash prefix ${JSON.stringify(prefix ?? "")}` : `the pattern ${pattern}`;
  return `delegation ${at + 1}, by ${match}${role?.terminating === true ? "; terminating: no later one is asked" : ""}`;
}

function whyNothing(set: TrustedSet, last: WalkStep | undefined, path: TargetPath): string {
  const delegations = last === undefined ? undefined : documentOf(set, last.delegator)?.delegations;
  const ended =
    last !== undefined && delegations !== undefined && last.delegator !== "root"
      ? isDelegatedPath(delegations, last.role, path) && isTerminating(delegations, last.role)
      : false;
  const end = ended ? `; ${last?.role} is terminating, so that the search ended there` : "";
  return cut(`no role that is trusted for the name lists it${end}`);
}

function isTerminating(delegations: Delegations, role: RoleName): boolean {
  return (
    delegations.kind === "succinct" || delegations.roles.some(({ name, terminating }) => name === role && terminating)
  );
}

function describeFound({ file, role }: FoundTarget): FoundFacts {
  const hashes = [...file.hashes].map(([algorithm, digest]) => ({ algorithm, digest }));
  const { custom } = file;
  const text = custom === undefined ? undefined : JSON.stringify(custom);
  return {
    ...{ role: cut(role), length: file.length, hashes },
    ...(text === undefined ? {} : { custom: cut(text) }),
  };
}
