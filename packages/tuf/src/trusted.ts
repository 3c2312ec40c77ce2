/** The mark of trust, and the rules that compare one trusted thing with another. */
import { TufError } from "./errors.ts";
import type { MetaFile } from "./file-info.ts";
import type { SignedFields } from "./signed.ts";

declare const trustedBrand: unique symbol;

/** A document that passed every rule up to its own step. Only a trusted set makes one. */
export interface Trusted<T> {
  readonly role: string;
  readonly signed: T;
  /** The file as received. */
  readonly bytes: Uint8Array;
  readonly [trustedBrand]: true;
}

/** For trusted-set.ts alone, after its checks. */
export function trust<T>(role: string, signed: T, bytes: Uint8Array): Trusted<T> {
  return { role, signed, bytes } as Trusted<T>;
}

/** @throws TufError TUF_EXPIRED from the instant of `expires` on */
export function checkExpiry({ role, signed }: Trusted<SignedFields>, now: Date): void {
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
export function checkVersion({ role, signed }: Trusted<SignedFields>, wanted: number): void {
  if (signed.version === wanted) return;
  throw new TufError("TUF_VERSION_MISMATCH", `${role} is version ${signed.version}; wanted ${wanted}`, {
    details: { role, got: signed.version, wanted },
  });
}

/** @throws TufError TUF_ROLLBACK */
export function checkRollback(role: string, before: number, after: number): void {
  if (after >= before) return;
  throw new TufError("TUF_ROLLBACK", `${role} goes back to version ${after}; version ${before} is trusted already`, {
    details: { role, got: after, wanted: before },
  });
}

/** TUF 5.5.5: of the files that the old snapshot lists, none may go missing or back. @throws TufError TUF_ROLE_MISSING, TUF_ROLLBACK */
export function checkNothingLost(
  before: ReadonlyMap<string, MetaFile> | undefined,
  after: ReadonlyMap<string, MetaFile>,
): void {
  for (const [name, { version }] of before ?? []) {
    const file = after.get(name);
    if (file === undefined) throw missing(name, "the new snapshot");
    checkRollback(name, version, file.version);
  }
}

export function missing(role: string, where: string): TufError {
  return new TufError("TUF_ROLE_MISSING", `${role} is not in ${where}`, { details: { role } });
}

export function outOfOrder(role: string, reason: string): TufError {
  return new TufError("TUF_OUT_OF_ORDER", `${role} is out of order: ${reason}`, { details: { role } });
}
