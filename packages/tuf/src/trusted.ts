/** The type of trusted documents, and the rules that compare one with another. */
import { crypto } from "@sigstore/core";
import { TufError } from "./errors.ts";
import type { MetaFile } from "./file-info.ts";
import type { SignedFields } from "./signed.ts";

declare const trustedBrand: unique symbol;

/** A document that passed every rule of its step. Only a trusted set makes one. */
export interface Trusted<T> {
  readonly role: string;
  readonly signed: T;
  /** The file as received. */
  readonly bytes: Uint8Array;
  readonly [trustedBrand]: true;
}

/** For trusted-set.ts only, after verification. */
export function trust<T>(role: string, signed: T, bytes: Uint8Array): Trusted<T> {
  return { role, signed, bytes } as Trusted<T>;
}

/** Verifies that a document has not expired (TUF 1.0.34, 5.3.10, 5.4.4 and so on). @throws TufError TUF_EXPIRED from the instant of `expires` on */
export function verifyUnexpired({ role, signed }: Pick<Trusted<SignedFields>, "role" | "signed">, now: Date): void {
  if (signed.expires > now) return;
  const details = { role, version: signed.version, expires: signed.expires.toISOString(), now: now.toISOString() };
  throw new TufError(
    "TUF_EXPIRED",
    `${role} version ${signed.version} expired at ${details.expires}; it is ${details.now}`,
    {
      details,
    },
  );
}

/** @throws TufError TUF_VERSION_MISMATCH */
export function verifyVersion({ role, signed }: Trusted<SignedFields>, wanted: number): void {
  if (signed.version === wanted) return;
  throw new TufError("TUF_VERSION_MISMATCH", `${role} is version ${signed.version}; wanted ${wanted}`, {
    details: { role, got: signed.version, wanted },
  });
}

/** @throws TufError TUF_ROLLBACK */
export function verifyNoRollback(role: string, before: number, after: number): void {
  if (after >= before) return;
  throw new TufError("TUF_ROLLBACK", `${role} goes back to version ${after}; version ${before} is already trusted`, {
    details: { role, got: after, wanted: before },
  });
}

/** TUF 5.5.5: no file of the old snapshot may be missing from the new one or have a lower version. @throws TufError TUF_ROLE_MISSING, TUF_ROLLBACK */
export function verifyNothingLost(
  before: ReadonlyMap<string, MetaFile> | undefined,
  after: ReadonlyMap<string, MetaFile>,
): void {
  for (const [name, { version }] of before ?? []) {
    const file = after.get(name);
    if (file === undefined) throw missing(name, "the new snapshot");
    verifyNoRollback(name, version, file.version);
  }
}

export function missing(role: string, where: string): TufError {
  return new TufError("TUF_ROLE_MISSING", `${role} is not in ${where}`, { details: { role } });
}

export function outOfOrder(role: string, reason: string): TufError {
  return new TufError("TUF_OUT_OF_ORDER", `${role} is out of order: ${reason}`, { details: { role } });
}

/** A file of a role that is to be published, with its version. */
export interface RoleFile {
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/**
 * Whether the file is neither newer than the snapshot's entry for its role nor the same file. Clients would refuse or ignore
 * it, because a version has one content and versions never decrease.
 */
export function isSuperseded({ version, bytes }: RoleFile, listed: MetaFile | undefined): boolean {
  if (listed === undefined || listed.version < version) return false;
  return listed.version > version || listed.hashes?.get("sha256") !== crypto.digest("sha256", bytes).toString("hex");
}

/** Verifies that a file may follow the snapshot's entry for its role. @throws TufError TUF_ROLLBACK */
export function verifySuccessor(file: RoleFile, listed: MetaFile | undefined): void {
  if (!isSuperseded(file, listed)) return;
  const { name, version } = file;
  throw new TufError("TUF_ROLLBACK", `${name} was published in version ${version} or above; wanted a higher version`, {
    details: { role: name, got: version },
  });
}
