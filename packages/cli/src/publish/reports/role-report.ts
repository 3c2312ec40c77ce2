/** Each role's document in one line: version, who signed, how many must, and when it expires. */
import type { RoleStatus } from "@dtuf/master";
import type { Fact, Tone } from "../../context/text/columns.ts";
import { describeInstant } from "../../context/time.ts";

export function roleFact({ role, expires, state, ...rest }: RoleStatus, now: Date): Fact {
  const text = (instant: string): string => `${signatures(rest)}, expires ${instant}${periodText(rest)}`;
  return {
    label: role,
    shown: text(describeInstant(expires, now)),
    plain: text(expires.toISOString()),
    tone: toneOf(state),
  };
}

/** Colour is for what somebody has to look at. */
export function toneOf(state: RoleStatus["state"]): Tone {
  return state === "expired" ? "bad" : state === "soon" ? "soon" : "plain";
}

function signatures({ version, threshold, keys, signed }: Omit<RoleStatus, "role" | "expires" | "state">): string {
  const needed = `${threshold} of ${keys.length} keys must sign`;
  if (signed === undefined) return `version ${version}, ${needed}`;
  const by = signed.map(({ owner, fingerprint }) => owner ?? fingerprint.slice(0, 8));
  return `version ${version}, signed by ${by.length === 0 ? "nobody" : by.join(", ")} (${needed})`;
}

function periodText({ periods }: Pick<RoleStatus, "periods">): string {
  if (periods === undefined) return "";
  return `, is valid for ${periods.expiryDays} days and due ${periods.signingDays} before the end`;
}
