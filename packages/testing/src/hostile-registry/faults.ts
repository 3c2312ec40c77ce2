/** The script of a hostile registry: which requests get a fault, and which fault. */
import type { Answer, LoggedRequest } from "./exchange.ts";

type Body = Uint8Array | string;

/** A replaced header. null: not sent. A function: computed from the original value. */
type HeaderChanges = Readonly<Record<string, string | readonly string[] | null | ((value: string) => string)>>;

export type Fault =
  // Applied before the registry does anything.
  /** Sends this answer without doing what was requested. `request: "unread"`: at once, while the client still sends. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: HeaderChanges;
      readonly body?: Body;
      readonly request?: "read" | "unread";
    }
  /** Default status 307. The Location may be relative. */
  | {
      readonly kind: "redirect";
      readonly status?: number;
      readonly location: string | ((request: LoggedRequest) => string);
    }
  /** Sends bytes directly to the socket: not HTTP at all, or malformed HTTP. */
  | { readonly kind: "raw"; readonly bytes: Body }
  /** Invalidates every token issued so far, also that of this request. */
  | { readonly kind: "expire-tokens" }
  | { readonly kind: "forget-uploads" }
  | { readonly kind: "ignore-range" }
  /** Runs any code: changes what is stored, moves a clock, wakes the test. */
  | { readonly kind: "run"; readonly run: (request: LoggedRequest) => void | Promise<void> }
  /**
   * Cuts the connection without an answer. "before": nothing was done; "after": the request was processed, but the client
   * cannot know. `afterRequestBytes`: cuts after so many bytes of the body; with "after", a PATCH's upload keeps them.
   */
  | {
      readonly kind: "drop";
      readonly when: "before" | "after";
      readonly how?: Ending;
      readonly afterRequestBytes?: number;
    }
  // Applied to the answer of the registry.
  /** Changes length, digest, media type or content. Content-Length follows the body unless it is given. */
  | {
      readonly kind: "change";
      readonly status?: number;
      readonly headers?: HeaderChanges;
      readonly body?: Body | ((body: Uint8Array) => Body);
    }
  /** Adds a Link to another page to every page. Each Link is new. */
  | { readonly kind: "page-forever" }
  // Applied to the way the answer is sent.
  /** Announces the whole body, sends so many bytes of it (with RST and a long body, perhaps fewer) and ends the connection. */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly how?: Ending }
  /** Sends so many bytes and then nothing more on the open connection. "headers": does not send the headers either. */
  | { readonly kind: "stall"; readonly after: number | "headers" }
  | { readonly kind: "drip"; readonly chunkBytes: number; readonly everyMs: number };

/** FIN: the connection ends in an orderly way. RST: it is reset. */
export type Ending = "fin" | "rst";

export interface Match {
  readonly method?: string;
  /** Matched against path and query. */
  readonly path?: RegExp;
  readonly where?: (request: LoggedRequest) => boolean;
  /** The first matching request that gets the fault, counted from 1; the next `times` requests get it. */
  readonly nth?: number;
}

export interface ScriptRule {
  readonly match?: Match;
  /** How many requests get the fault. Default: 1 if `nth` is given, else all. */
  readonly times?: number;
  /** Several faults combine, such as `ignore-range` and `cut`. */
  readonly fault: Fault | readonly Fault[];
}

export interface ScriptedRule {
  /** Requests that matched, with or without the fault. */
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

/** Applies the faults to an answer. */
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
