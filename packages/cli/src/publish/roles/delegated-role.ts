import { isTopLevelRole } from "@dtuf/tuf";
import { UsageError } from "../../context/usage.ts";

/** A public key in PEM; RSA-4096's has 800 bytes. */
export const keyFileMaxBytes: number = 64 * 1024;

/** What clients take of a role. */
export const roleFileMaxBytes: number = 128 * 1024 * 1024;

/** @throws UsageError */
export function verifyDelegated(role: string): void {
  if (isTopLevelRole(role)) throw new UsageError(`${role} is a top-level role: nobody delegates to it`);
}
