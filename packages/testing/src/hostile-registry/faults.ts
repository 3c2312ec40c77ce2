/** The script of a hostile registry: which requests it does harm to, and what harm. */
import type { Answer, LoggedRequest } from "./exchange.ts";

type Body = Uint8Array | string;

/** An overridden header; null: not sent at all; a function: made from what it would have been. */
type HeaderChanges = Readonly<Record<string, string | readonly string[] | null | ((value: string) => string)>>;

export type Fault =
  // Before the registry does anything.
  /** Answers this, without doing what was asked. `request: "unread"`: at once, while the client still sends. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: HeaderChanges;
      readonly body?: Body;
      readonly request?: "read" | "unread";
    }
  /** Status 307 unless told. A relative Location is one too. */
  | {
      readonly kind: "redirect";
      readonly status?: number;
      readonly location: string | ((request: LoggedRequest) => string);
    }
  /** Bytes straight to the socket: no HTTP at all, or a strange kind of it. */
  | { readonly kind: "raw"; readonly bytes: Body }
  /** Every token given out so far stops working, this request's included. */
  | { readonly kind: "expire-tokens" }
  | { readonly kind: "forget-uploads" }
  | { readonly kind: "ignore-range" }
  /** Anything: changes what is stored, moves a clock, wakes the test. */
  | { readonly kind: "run"; readonly run: (request: LoggedRequest) => void | Promise<void> }
  /**
   * Cuts the connection without an answer. "before": nothing was done; "after": it was, and the client cannot know.
   * `afterRequestBytes`: as soon as so much of the body came through; "after" means that a PATCH's upload kept it.
   */
  | {
      readonly kind: "drop";
      readonly when: "before" | "after";
      readonly how?: Ending;
      readonly afterRequestBytes?: number;
    }
  // To the answer that the registry would have given.
  /** Lies: about the length, the digest, the media type, the content. Length follows the body unless it is given. */
  | {
      readonly kind: "change";
      readonly status?: number;
      readonly headers?: HeaderChanges;
      readonly body?: Body | ((body: Uint8Array) => Body);
    }
  /** A list that has always one more page. Each Link is new. */
  | { readonly kind: "page-forever" }
  // To the way the answer is sent.
  /** Promises the whole body, sends so many bytes of it (with RST, of a long body, perhaps fewer) and ends the connection. */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly how?: Ending }
  /** Sends so much and then nothing more, the connection open. "headers": not even these. */
  | { readonly kind: "stall"; readonly after: number | "headers" }
  | { readonly kind: "drip"; readonly chunkBytes: number; readonly everyMs: number };

/** FIN: the end looks orderly. RST: the connection is torn. */
export type Ending = "fin" | "rst";

export interface Match {
  readonly method?: string;
  /** Tried on the path and query. */
  readonly path?: RegExp;
  readonly where?: (request: LoggedRequest) => boolean;
  /** The first matching request that is harmed, counted from 1; from there `times` of them. */
  readonly nth?: number;
}

export interface ScriptRule {
  readonly match?: Match;
  /** How many requests are harmed. Default: 1 where `nth` is given, else all. */
  readonly times?: number;
  /** Several faults join: `ignore-range` and `cut`, say. */
  readonly fault: Fault | readonly Fault[];
}

export interface ScriptedRule {
  /** Requests that matched, harmed or not. */
  readonly matched: number;
  readonly harmed: number;
  remove(): void;
}

export interface Script {
  add(rule: ScriptRule): ScriptedRule;
  faultsFor(request: LoggedRequest): readonly Fault[];
  clear(): void;
}

export function createScript(): Script {
  const entries = new Set<{ rule: ScriptRule; matched: number; harmed: number }>();
  return {
    add(rule) {
      const entry = { rule, matched: 0, harmed: 0 };
      entries.add(entry);
      return {
        get matched() {
          return entry.matched;
        },
        get harmed() {
          return entry.harmed;
        },
        remove: () => void entries.delete(entry),
      };
    },
    faultsFor(request) {
      const due = [...entries].filter((entry) => isDue(entry, request));
      return due.flatMap(({ rule }) => rule.fault);
    },
    clear: () => entries.clear(),
  };
}

function isDue(entry: { rule: ScriptRule; matched: number; harmed: number }, request: LoggedRequest): boolean {
  const { match = {}, times = match.nth === undefined ? Infinity : 1 } = entry.rule;
  if (match.method !== undefined && match.method !== request.method) return false;
  if (match.path !== undefined && !new RegExp(match.path).test(request.path)) return false;
  if (match.where !== undefined && !match.where(request)) return false;
  entry.matched += 1;
  if (entry.matched < (match.nth ?? 1) || entry.harmed >= times) return false;
  entry.harmed += 1;
  return true;
}

let page = 0;

/** What the faults make of an answer. */
export function changeAnswer(answer: Answer, faults: readonly Fault[], request: LoggedRequest): Answer {
  return faults.reduce((changed, fault) => {
    if (fault.kind === "change") return applyChange(changed, fault);
    if (fault.kind !== "page-forever") return changed;
    page += 1;
    const next = new URL(request.path, "http://registry.invalid");
    next.searchParams.set("last", `page-${page}`);
    return { ...changed, headers: { ...changed.headers, link: `<${next.pathname}${next.search}>; rel="next"` } };
  }, answer);
}

function applyChange(answer: Answer, change: Extract<Fault, { kind: "change" }>): Answer {
  const body = typeof change.body === "function" ? change.body(answer.body) : change.body;
  return {
    status: change.status ?? answer.status,
    headers: changeHeaders(answer.headers, change.headers),
    body: body === undefined ? answer.body : bytesOf(body),
  };
}

export function changeHeaders(headers: Answer["headers"], changes: HeaderChanges = {}): Answer["headers"] {
  const changed = new Map(Object.entries(headers));
  for (const [anyCase, value] of Object.entries(changes)) {
    const name = anyCase.toLowerCase();
    if (value === null) changed.delete(name);
    else changed.set(name, typeof value === "function" ? value(String(changed.get(name) ?? "")) : value);
  }
  return Object.fromEntries(changed);
}

export function bytesOf(body: Body): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}
