/** The documents of a simulated repository, before they are signed. */
import { specVersion } from "@dtuf/tuf";
import type { JsonObject, Role, Root, Signer, Snapshot, Targets, Timestamp } from "@dtuf/tuf";

/** The same fields, mutable. */
export type Draft<T> = T extends string | number | boolean | undefined | Date
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? Map<K, Draft<V>>
    : T extends readonly (infer I)[]
      ? Draft<I>[]
      : JsonObject extends T
        ? T
        : { -readonly [K in keyof T]: Draft<T[K]> };

export interface TufSimulatorOptions {
  /** The start of the documents' lifetime; they expire 30 days later unless changed. */
  readonly now?: Date;
  readonly consistentSnapshot?: boolean;
  /** Whether snapshot and timestamp carry lengths and hashes. */
  readonly metaHashes?: "hashes" | "versions-only";
}

export interface SimulatedDocuments {
  root: Draft<Root>;
  timestamp: Draft<Timestamp>;
  snapshot: Draft<Snapshot>;
  targets: Draft<Targets>;
  /** Delegated roles by name. */
  readonly delegates: Map<string, Draft<Targets>>;
  /** By role: the signers that sign it when it is published. */
  readonly signers: Map<string, Signer[]>;
  metaHashes: "hashes" | "versions-only";
  /** Published metadata by file name: `1.root.json`, `timestamp.json`, `2.snapshot.json`, `3.targets.json`, `1.<role>.json`. */
  readonly files: Map<string, Uint8Array>;
  /** Target bytes by path. */
  readonly targetFiles: Map<string, Uint8Array>;
}

export interface Core extends SimulatedDocuments {
  retired: Signer[];
  readonly expires: Date;
}

const lifetimeMs = 30 * 24 * 3600 * 1000;

/** No role has a signer yet. */
export function createCore(options: TufSimulatorOptions): Core {
  const expires = new Date((options.now ?? new Date("2030-01-01T00:00:00Z")).getTime() + lifetimeMs);
  const fields = { version: 1, specVersion, unrecognized: {} };
  const common = (): typeof fields & { expires: Date } => ({ ...fields, expires: new Date(expires) });
  const role = (): Draft<Role> => ({ keyIds: [], threshold: 1, unrecognized: {} });
  return {
    root: {
      ...common(),
      type: "root",
      consistentSnapshot: options.consistentSnapshot ?? true,
      keys: new Map(),
      roles: { root: role(), timestamp: role(), snapshot: role(), targets: role() },
    },
    timestamp: { ...common(), type: "timestamp", snapshot: { version: 1, unrecognized: {} } },
    snapshot: { ...common(), type: "snapshot", meta: new Map() },
    targets: { ...common(), type: "targets", targets: new Map() },
    delegates: new Map(),
    signers: new Map(),
    metaHashes: options.metaHashes ?? "hashes",
    files: new Map(),
    targetFiles: new Map(),
    retired: [],
    expires,
  };
}

export function targetsOf(core: Core, role: string): Draft<Targets> {
  const document = role === "targets" ? core.targets : core.delegates.get(role);
  if (document === undefined) throw new TypeError(`the simulator has no role ${role}`);
  return document;
}
