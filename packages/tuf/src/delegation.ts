import type { SuccinctRoles } from "./delegations.ts";
import type { TargetFile } from "./file-info.ts";
import type { RoleName, TargetPath } from "./names.ts";
import type { TrustedSet } from "./trusted-set.ts";

export interface FoundTarget {
  readonly path: TargetPath;
  readonly file: TargetFile;
  /** The role that vouches for it. */
  readonly role: RoleName;
}

/** One role that the search looked into. */
export interface WalkStep {
  readonly role: RoleName;
  readonly delegator: RoleName;
  readonly outcome: "found" | "not-here";
}

/** Fetches one delegated role and gives it to `set.updateDelegated(role, delegator, file)`. */
export type LoadRole = (role: RoleName, delegator: RoleName) => Promise<void>;

export interface FindTargetOptions {
  readonly load: LoadRole;
  readonly trace?: ((step: WalkStep) => void) | undefined;
}

export function findTarget(
  _set: TrustedSet,
  _path: TargetPath,
  _options: FindTargetOptions,
): Promise<FoundTarget | undefined> {
  throw new Error("not yet");
}

export function binName(_succinct: SuccinctRoles, _path: TargetPath): RoleName {
  throw new Error("not yet");
}

export function binNames(_succinct: SuccinctRoles): Iterable<RoleName> {
  throw new Error("not yet");
}

export function matchesPath(_pattern: string, _path: string): boolean {
  throw new Error("not yet");
}
