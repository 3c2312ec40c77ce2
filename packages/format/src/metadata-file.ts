/** A metadata file of a TUF repository and its TUF file name (TUF 7.1, consistent snapshots). */
export interface MetadataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * `1.root.json`, `7.snapshot.json`, `3.my-role.json`; the timestamp's name has no version. The role's name is not escaped,
 * because this is an annotation's value, never a path or a URL.
 */
export function metadataFileName(role: string, version?: number): string {
  return role === "timestamp" || version === undefined ? `${role}.json` : `${version}.${role}.json`;
}

/** The version in the name of a role's file; undefined if it is another role's or has no version. */
export function findFileVersion(name: string, role: string): number | undefined {
  const end = `.${role}.json`;
  return name.endsWith(end) ? parseVersion(name.slice(0, -end.length)) : undefined;
}

/** Returns undefined for anything but a positive safe integer in digits, because larger versions equal their successors. */
export function parseVersion(digits: string | undefined): number | undefined {
  const version = /^[1-9][0-9]{0,15}$/.test(digits ?? "") ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(version) ? version : undefined;
}
