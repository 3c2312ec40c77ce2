/** What somebody wants to know first: do clients get what is published, until when, and what has to be done. Pure. */
import type { MasterStatus } from "@dtuf/master";
import { isTopLevelRole } from "@dtuf/tuf";
import { exitStatusOf } from "../../context/exit-status.ts";
import { rolledBack } from "../../context/hints/hints.ts";
import { renewalOf } from "../../publish/reports/due-report.ts";
import { describeCount } from "../../context/time.ts";
import { cut, type Listing, type RoleFacts, type Verdict } from "./report.ts";

export interface Failure {
  readonly code: string;
  readonly message: string;
  /** "unreachable": no answer, which is no statement about what is there. */
  readonly kind: "refused" | "unreachable" | "absent" | "unchecked";
}

export interface Facts {
  readonly repo: string;
  readonly program: string;
  readonly now: Date;
  readonly roles: Listing<RoleFacts>;
  readonly failure: Failure | undefined;
  /** Of the publisher, if there is one here. */
  readonly status: MasterStatus | undefined;
}

export function judge(facts: Facts): Verdict {
  const { failure, now } = facts;
  const ending = firstToEnd(facts.roles);
  const named = ending === undefined ? {} : { until: ending.expires, first: ending.role };
  if (failure !== undefined) return { ...judgeFailure(failure, facts), ...(isHonest(failure) ? named : {}) };
  if (ending !== undefined && ending.expires <= now) {
    const why = `${ending.role} has expired`;
    return { ...refused, state: "expired", why, code: "TUF_EXPIRED", ...named, next: renewals(facts) };
  }
  const next = renewals(facts);
  if (next.length === 0) return { state: "good", says: "Clients are served.", ...named, next };
  return { state: "soon", says: "Clients are served, and something is due.", ...named, next };
}

export const refused = { state: "refused", says: "Clients refuse what is published." } as const;

/** What was read before is still the best that is known if nobody answered. */
function isHonest({ kind }: Failure): boolean {
  return kind === "unreachable" || kind === "unchecked";
}

function judgeFailure({ kind, code, message }: Failure, { repo, program, status }: Facts): Verdict {
  const again = status === undefined ? [] : [rolledBack.replaceAll("PROGRAM", program).replaceAll("<repo>", repo)];
  switch (kind) {
    case "unchecked":
      return { state: "unchecked", says: "The registry was not asked. This is what was known before.", next: [] };
    case "unreachable":
      return { state: "unreachable", says: "The registry gave no answer.", why: cut(message), code, next: [] };
    case "absent":
      return status?.versions === "never"
        ? { state: "absent", says: "Nothing is published yet.", next: [`${program} push-metadata ${repo}`] }
        : { state: "absent", says: "Nothing is published there.", code, next: again };
    case "refused":
      return { ...refused, why: cut(message), code, next: isOlder(code) ? again : [] };
  }
}

function isOlder(code: string): boolean {
  return code === "TUF_ROLLBACK";
}

/** Of the four roles that every client needs. */
function firstToEnd({ shown }: Listing<RoleFacts>): RoleFacts | undefined {
  const top = shown.filter(({ role }) => isTopLevelRole(role));
  return top.toSorted((a, b) => a.expires.getTime() - b.expires.getTime())[0];
}

/** The most urgent first. */
function renewals({ roles, status, repo, program }: Facts): readonly string[] {
  const dueHere = new Set(status?.due.map(({ role }) => String(role)) ?? []);
  const due = roles.shown.filter(({ role, state }) => state !== "good" || dueHere.has(role));
  const command = (name: string): string => `${program} ${name} ${repo}`;
  const steps = due
    .toSorted((a, b) => a.expires.getTime() - b.expires.getTime())
    .map(({ role, state, keys }) => {
      const owners = [...new Set(keys.flatMap(({ owner }) => (owner === undefined ? [] : [owner])))];
      const by = owners.length === 0 ? "" : ` (keys of ${owners.join(", ")})`;
      const verb = state === "expired" ? "has expired" : "is due";
      const how = status === undefined ? "its publisher has to sign it again" : renewalOf(role, command);
      return cut(`${role} ${verb}: ${how}${by}`);
    });
  const more = steps.length - stepsMax;
  return more <= 0 ? steps : [...steps.slice(0, stepsMax), `and ${describeCount(more, "more role")}`];
}

const stepsMax = 5;

/** @throws the error, if it says nothing about the repository */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
  const { code, message } = error;
  const status = exitStatusOf(code);
  if (code === "COPY_NOT_PUBLISHED") return { code, message, kind: "absent" };
  if (status === 5 || status === 13) return { code, message, kind: "unreachable" };
  if (status === 6 || status === 7 || code === "COPY_METADATA_MISSING") return { code, message, kind: "refused" };
  throw error;
}
