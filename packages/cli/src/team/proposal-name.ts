import { isProposalName } from "@dtuf/format";
import { UsageError } from "../context/usage.ts";

/** The proposal that commands mean if none is named. */
export const usualName = "next";

/** @throws UsageError */
export function verifyName(name: string): string {
  if (isProposalName(name)) return name;
  throw new UsageError(`${name}: a proposal's name has letters, digits, ., _ and -, at most 100 of them`);
}

/** Of a delegated role: its own name, if that can name a proposal. @throws UsageError */
export function nameOfRole(role: string): string {
  if (isProposalName(role)) return role;
  throw new UsageError(`${role} cannot name a proposal`, "name it after the repository: propose REPO NAME --role ROLE");
}
