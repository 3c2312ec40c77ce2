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
