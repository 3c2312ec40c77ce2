import type { Context } from "../../context/command.ts";
import { UsageError } from "../../context/usage.ts";
import { verifyDelegated } from "../roles/delegated-role.ts";

/** The number of bins that was given. */
export function givenCount({ values }: Context): number {
  const count = values.count("count");
  if (count === undefined) throw new UsageError("wanted --count: the number of bins");
  if (Number.isInteger(Math.log2(count))) return count;
  throw new UsageError(`${values.given("count")}: wanted a power of two; got ${count}`);
}

/** The delegated role that has the bins; undefined: targets. */
export function parentRole(given: string | undefined): string | undefined {
  if (given === undefined || given === "" || given === "targets") return undefined;
  verifyDelegated(given);
  return given;
}
