/**
 * Branded names. A role name or target path that its parser accepted is well-formed Unicode of bounded length, but nothing
 * more: `../x`, `/etc/passwd` and `constructor` are legal names, so no name is used as a path, a URL or an object's key.
 */
import { TufError } from "./errors.ts";
import { nameMaxLength } from "./limits.ts";

declare const roleBrand: unique symbol;
declare const keyIdBrand: unique symbol;
declare const pathBrand: unique symbol;

/** A role's name, from `parseRoleName`. Not safe as a path. */
export type RoleName = string & { readonly [roleBrand]: true };
/** A key's name inside one document. It does not depend on the key's material. */
export type KeyId = string & { readonly [keyIdBrand]: true };
/** A target's path, from `parseTargetPath`. Not safe as a path on disk. */
export type TargetPath = string & { readonly [pathBrand]: true };

export type TopLevelRole = "root" | "timestamp" | "snapshot" | "targets";

export const topLevelRoles: readonly TopLevelRole[] = ["root", "timestamp", "snapshot", "targets"];

/** Whether the name is root, timestamp, snapshot or targets. */
export function isTopLevelRole(name: string): name is TopLevelRole {
  return (topLevelRoles as readonly string[]).includes(name);
}

/** @throws TufError TUF_NAME_INVALID for an empty or overlong name, a NUL, or a lone surrogate */
export function parseRoleName(text: string): RoleName {
  return parseName("role name", text) as RoleName;
}

/** @throws TufError TUF_NAME_INVALID for an empty or overlong path, a NUL, or a lone surrogate */
export function parseTargetPath(text: string): TargetPath {
  return parseName("target path", text) as TargetPath;
}

/** Any key id is accepted, as in TAP 12. @throws TufError TUF_NAME_INVALID */
export function parseKeyId(text: string): KeyId {
  return parseName("key id", text) as KeyId;
}

function parseName(what: string, text: string): string {
  if (text === "" || text.length > nameMaxLength || text.includes("\0") || !text.isWellFormed()) {
    const shown = JSON.stringify(text.slice(0, 80));
    throw new TufError("TUF_NAME_INVALID", `not a ${what}: ${shown}; wanted 1 to ${nameMaxLength} characters, no NUL`, {
      details: { got: shown, length: text.length },
    });
  }
  return text;
}
