/** A metadata file of a TUF repository under the name that TUF gives it (TUF 7.1, consistent snapshots). */
export interface MetadataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * `1.root.json`, `7.snapshot.json`, `3.my-role.json`; the timestamp has no version in its name. The role's name stands
 * in it as it is: this is an annotation's value, never a path or a URL.
 */
export function metadataFileName(role: string, version?: number): string {
  return role === "timestamp" || version === undefined ? `${role}.json` : `${version}.${role}.json`;
}

/** The version in the name of a role's file; undefined: another role's, or no version. */
export function findFileVersion(name: string, role: string): number | undefined {
  const end = `.${role}.json`;
  return name.endsWith(end) ? parseVersion(name.slice(0, -end.length)) : undefined;
}

/** Undefined for anything but a positive safe integer in digits: beyond those, a version and its successor are the same number. */
export function parseVersion(digits: string | undefined): number | undefined {
  const version = /^[1-9][0-9]{0,15}$/.test(digits ?? "") ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(version) ? version : undefined;
}
