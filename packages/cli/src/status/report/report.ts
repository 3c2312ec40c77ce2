/**
 * The state of a repository as one value: what the status page, its `status.json`, the calendar and the terminal show.
 * Everything in it is plain data, bounded, and text of metadata is there as it was signed: what shows it must escape it.
 */

import { textMax } from "./limits.ts";

/** The first of many, and how many more there are. */
export interface Listing<T> {
  readonly shown: readonly T[];
  readonly more: number;
}

export interface StatusReport {
  readonly place: string;
  /** The clock, read once. */
  readonly at: Date;
  /** "client": from a pinned root alone. "publisher": with what this machine's publisher state knows. */
  readonly view: "client" | "publisher";
  readonly verdict: Verdict;
  /** Absent if nothing was verified. */
  readonly release?: ReleaseFacts | undefined;
  readonly pin?: { readonly version: number; readonly sha256: string } | undefined;
  readonly roles: Listing<RoleFacts>;
  readonly keys: Listing<KeyFacts>;
  /** What the top-level targets role delegates. */
  readonly delegations: Listing<DelegationFacts>;
  readonly targets: TargetsFacts;
  readonly changes: Changes;
  readonly registry: Listing<Asked>;
  /** Work that waits on the publisher's side. */
  readonly waiting: Listing<string>;
}

export interface Verdict {
  /**
   * "good": clients are served. "soon": they are, and something is due. "expired", "refused": they get nothing new.
   * "absent": nothing is published. "unreachable": the registry did not answer. "unchecked": it was not asked.
   */
  readonly state: "good" | "soon" | "expired" | "refused" | "absent" | "unreachable" | "unchecked";
  /** One short sentence. */
  readonly says: string;
  /** The reason, if it is not in the sentence. */
  readonly why?: string | undefined;
  readonly until?: Date | undefined;
  /** The role that expires first. */
  readonly first?: string | undefined;
  readonly code?: string | undefined;
  /** What to do, one step each. */
  readonly next: readonly string[];
}

export interface ReleaseFacts {
  readonly root: number;
  readonly timestamp: number;
  readonly snapshot: number;
  readonly targets: number;
  /** Of the snapshot's file. */
  readonly snapshotSha256: string;
}

export interface RoleFacts {
  readonly role: string;
  /** "root" for the top-level roles. */
  readonly delegator: string;
  readonly version: number;
  readonly expires: Date;
  readonly state: "good" | "soon" | "expired";
  readonly threshold: number;
  readonly keys: readonly SigningKey[];
  /** How long before the end it is due to be signed again, if the metadata says so. */
  readonly signingDays?: number | undefined;
}

export interface SigningKey {
  readonly fingerprint: string;
  readonly owner?: string | undefined;
  /** Undefined: the document was not read. */
  readonly signed?: boolean | undefined;
}

/** A public key, once, however many ids it has. */
export interface KeyFacts {
  readonly fingerprint: string;
  readonly type: string;
  readonly owner?: string | undefined;
  /** Scheme of the signer's URI, such as `gcpkms`. */
  readonly signer?: string | undefined;
  readonly roles: readonly string[];
  /** 1 is usual. */
  readonly ids: number;
}

export interface DelegationFacts {
  /** Place in the order of trust, from 1. */
  readonly order: number;
  readonly role: string;
  readonly paths: Listing<string>;
  /** Of names by their SHA-256. */
  readonly prefixes: Listing<string>;
  readonly terminating: boolean;
  readonly threshold: number;
  readonly keys: number;
  /** Number of hash bins, if it stands for that many roles. */
  readonly bins?: number | undefined;
  readonly version?: number | undefined;
  readonly targets?: number | undefined;
  /** Why the role's document was not read. */
  readonly unread?: string | undefined;
  /** An earlier terminating role takes every name, so that no client asks this one. */
  readonly neverAskedBecauseOf?: string | undefined;
  /** Earlier roles that may list the same names: theirs are taken. */
  readonly after: readonly string[];
  readonly delegations: Listing<DelegationFacts>;
}

export interface TargetsFacts extends Listing<TargetFacts> {
  /** Number of hash bins, whose targets are not listed. */
  readonly bins: number;
  readonly asked?: Walk | undefined;
}

export interface TargetFacts extends Walk {
  readonly listedBy: string;
}

/** What a client finds for a name, and the way. */
export interface Walk {
  readonly path: string;
  /** Undefined: no client finds the name. */
  readonly found?: FoundFacts | undefined;
  /** Why there is nothing, or why the way was not followed. */
  readonly why?: string | undefined;
  readonly steps: readonly Step[];
}

export interface FoundFacts {
  readonly role: string;
  readonly length: number;
  readonly hashes: readonly { readonly algorithm: string; readonly digest: string }[];
  /** Signed with it, as JSON, cut at a length. */
  readonly custom?: string | undefined;
}

export interface Step {
  readonly role: string;
  readonly delegator: string;
  readonly why: string;
  readonly outcome: "found" | "not-here";
}

export interface Changes {
  /** The earlier release, if it could be read. */
  readonly since?: { readonly release: number; readonly snapshot: number } | undefined;
  /** Why there is nothing to compare with. */
  readonly why?: string | undefined;
  readonly lines: Listing<Change>;
}

export interface Change {
  readonly kind: "add" | "replace" | "remove" | "trust" | "version";
  readonly what: string;
}

/** One question to the registry. */
export interface Asked {
  readonly what: string;
  readonly answer: string;
  readonly state: "answered" | "absent" | "failed";
  readonly ms: number;
}

/** The beginning of a long text. */
export function cut(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax).toWellFormed()}...`;
}

export function listFirst<T>(all: Iterable<T>, most: number): Listing<T> {
  const shown: T[] = [];
  let more = 0;
  for (const each of all) {
    if (shown.length < most) shown.push(each);
    else more += 1;
  }
  return { shown, more };
}
