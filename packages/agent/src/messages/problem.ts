/** Errors of every package, as a program decides by them: try again, warn of an attack, tell its user. */
import { judge } from "../errors.ts";
import { natures, type ProblemCode } from "./natures.ts";

export interface AgentProblem {
  /**
   * The error's own code. `ABORTED`, `TIMED_OUT`: a signal ended the call, with an AbortError or as AbortSignal.timeout does.
   * `UNKNOWN`: an error of the program itself, such as another reason that it gave to a signal, or of a hook.
   */
  readonly code: ProblemCode | OtherCode;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** Whether an attack is a possible reason. */
  readonly security: boolean;
  /** The error's details, for its message. */
  readonly parameters: MessageParameters;
}

/** Codes of errors that have none of their own. */
export type OtherCode = "ABORTED" | "TIMED_OUT" | "UNKNOWN";

/** What the places of a message are filled with. */
export type MessageParameters = Readonly<Record<string, string | number>>;

/** What kind of failure an error is. One that is not known is not retried. Never throws. */
export function describeProblem(error: unknown): AgentProblem {
  const code = codeOf(error);
  const nature = { ...natures, ...otherNatures }[code];
  return Object.freeze({
    code,
    ...judge(nature),
    parameters: Object.freeze(parametersOf(error)),
  });
}

/** What a signal ended goes on where it was. */
const otherNatures = { ABORTED: "retry", TIMED_OUT: "retry", UNKNOWN: "final" } as const;

function codeOf(error: unknown): AgentProblem["code"] {
  if (!(error instanceof Error)) return "UNKNOWN";
  if (error.name === "AbortError") return "ABORTED";
  if (error.name === "TimeoutError") return "TIMED_OUT";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (Object.hasOwn(natures, code)) return code as ProblemCode;
  // Of chunks, patches and manifests: content that is not the signed one.
  return /^(?:DELTA|FORMAT)_/.test(code) ? "TUF_HASH_MISMATCH" : "UNKNOWN";
}

function parametersOf(error: unknown): Record<string, string | number> {
  const details = error instanceof Error && "details" in error ? error.details : undefined;
  const entries = typeof details === "object" && details !== null ? Object.entries(details) : [];
  const isPlain = (entry: [string, unknown]): entry is [string, string | number] =>
    typeof entry[1] === "string" || typeof entry[1] === "number";
  return Object.fromEntries(entries.filter(isPlain));
}
