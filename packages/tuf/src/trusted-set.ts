import type { Limits } from "./limits.ts";
import type { RoleName, TopLevelRole } from "./names.ts";
import type { Root } from "./root.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Targets } from "./targets.ts";
import type { Timestamp } from "./timestamp.ts";

declare const trustedBrand: unique symbol;

/** A document that passed every rule up to its own step. Only a trusted set makes one. */
export interface Trusted<T> {
  readonly role: string;
  readonly signed: T;
  /** The file as received. */
  readonly bytes: Uint8Array;
  readonly [trustedBrand]: true;
}

/** What is already known of the next file of a role, so that its reader can be bounded and checked early. */
export interface WantedFile {
  /** Absent for the timestamp: any version may come. */
  readonly version?: number;
  readonly length?: number;
  readonly hashes?: ReadonlyMap<string, string>;
  /** The signed length where there is one, else the role's limit. */
  readonly maxBytes: number;
}

export interface TrustedSet {
  readonly now: Date;
  readonly limits: Limits;
  readonly root: Trusted<Root>;
  readonly timestamp: Trusted<Timestamp> | undefined;
  readonly snapshot: Trusted<Snapshot> | undefined;
  readonly targets: Trusted<Targets> | undefined;
  /** The role as verified for this delegator; without one, as verified for any. */
  delegated(role: RoleName, delegator?: RoleName): Trusted<Targets> | undefined;
  updateRoot(file: Uint8Array): Trusted<Root>;
  finishRoot(): void;
  updateTimestamp(file: Uint8Array): "updated" | "unchanged";
  /** "stale": kept only to compare the next one against; fetch the wanted version. "source" never returns it: it throws. */
  updateSnapshot(file: Uint8Array, origin: "source" | "cache"): "current" | "stale";
  updateTargets(file: Uint8Array): void;
  updateDelegated(role: RoleName, delegator: RoleName, file: Uint8Array): void;
  wanted(role: TopLevelRole | RoleName): WantedFile;
}

export interface TrustedSetOptions {
  /** The pinned root. */
  readonly root: Uint8Array;
  readonly now: Date;
  readonly limits?: Partial<Limits> | undefined;
}

export function createTrustedSet(_options: TrustedSetOptions): TrustedSet {
  throw new Error("not yet");
}
