/** The keys of a publisher's roles: how they are made, listed and changed. */
import type { Key, KeyFamily, KeyId, TopLevelRole } from "@dtuf/tuf";
import type { OperationOptions } from "./targets.ts";

export interface NewRootOptions extends OperationOptions {
  /**
   * Families of keys from which each top-level role needs at least one signature, for clients of dtuf
   * (`x-dtuf-require-families`). They are added to those that the root requires already: no later root can drop a
   * family, only pinning again can.
   */
  readonly requireFamilies?: readonly KeyFamily[] | undefined;
}

export interface CreatedKey {
  readonly role: TopLevelRole;
  readonly keyId: string;
  readonly path: string;
  /** The new path of the key that was there before. */
  readonly setAside?: string | undefined;
}

/** How long a role's documents are valid, in days (`x-tuf-on-ci-expiry-period`, `x-tuf-on-ci-signing-period`). */
export interface Periods {
  /** From the signing to the end. At least 2, at most 7320 (20 years). */
  readonly expiryDays: number;
  /** Before the end. At least 1 and less than `expiryDays`. */
  readonly signingDays: number;
}

/** A change of the keys or of the threshold of a role. */
export type StagedKeyChange =
  | {
      readonly change: "add" | "remove";
      readonly role: string;
      readonly keyId: KeyId;
      readonly owner?: string | undefined;
    }
  | { readonly change: "threshold"; readonly role: string; readonly threshold: number }
  | ({ readonly change: "periods"; readonly role: string } & Periods);

export type PrivateKeyPlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "signer"; readonly keyId: KeyId };

/** One key of a role, as staged. */
export interface RoleKey {
  readonly keyId: KeyId;
  /** The name of the person or team that holds the private key (`x-tuf-on-ci-keyowner`). */
  readonly owner?: string | undefined;
  /** The URI of the signer (`x-tuf-on-ci-online-uri`). */
  readonly uri?: string | undefined;
  readonly keyType: string;
  readonly scheme: string;
  /** Where the private key is, if it is here: a key file of this publisher, or a signer that was given, by its id. */
  readonly privateKey?: PrivateKeyPlace | undefined;
  readonly staged?: "add" | "remove" | undefined;
}

/** The keys of a role and how many of them must sign. */
export interface RoleKeys {
  readonly role: string;
  readonly threshold: number;
  /** The threshold after the next publication, if it changes. */
  readonly stagedThreshold?: number | undefined;
  readonly keys: readonly RoleKey[];
}

export interface AddKeyOptions extends OperationOptions {
  readonly owner?: string | undefined;
  /** The URI of the signer, for keys that a machine can use (an HSM, a KMS). Everybody can read it in the metadata. */
  readonly uri?: string | undefined;
}

/**
 * Changes of keys and thresholds, for top-level roles and for the roles that targets delegates to. They are staged;
 * `pushMetadata` signs them: those of top-level roles as a new root, with a threshold of the old and of the new root
 * keys (TUF 1.0.34, 5.3.4), those of delegated roles in targets.
 */
export interface KeyManager {
  /**
   * Stages a further key of a role. The id does not depend on owner and URI.
   * @throws MASTER_KEY_EXISTS, MASTER_ROLE_UNKNOWN; MASTER_KEY_INVALID for a key that no client can use
   */
  addKey(role: string, key: Key, options?: AddKeyOptions): Promise<KeyId>;
  /**
   * Stages the removal of a key, named by its id, the first 8 or more digits of it, or its owner.
   * @throws MASTER_KEY_UNKNOWN, MASTER_LAST_KEY, MASTER_THRESHOLD_TOO_HIGH, MASTER_ROLE_UNKNOWN
   */
  removeKey(role: string, keyIdOrOwner: string, options?: OperationOptions): Promise<KeyId>;
  /** Stages another threshold. @throws MASTER_THRESHOLD_TOO_HIGH, MASTER_ROLE_UNKNOWN; TypeError below 1 */
  setThreshold(role: string, threshold: number, options?: OperationOptions): Promise<void>;
  /**
   * Stages how long a role's documents are valid and how long before their end they are due, for every machine that
   * signs them. For a delegated role they are part of its own document: `propose` with that role signs them.
   * @throws MASTER_ROLE_UNKNOWN; TypeError if they are out of range
   */
  setPeriods(role: string, periods: Periods, options?: OperationOptions): Promise<void>;
  /** The periods that the metadata last published or accepted here names, of the top-level roles. Makes no request. */
  listPeriods(options?: OperationOptions): Promise<ReadonlyMap<TopLevelRole, Periods>>;
  /** The top-level roles, then those that targets delegates to, with staged changes. Makes no request. */
  listRoleKeys(options?: OperationOptions): Promise<readonly RoleKeys[]>;
}
