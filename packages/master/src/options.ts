/** What a publisher is made of. */
import type { Deleter, NewBlobReceiver, TagLister, TagSwapper, WriteStore } from "@dtuf/registry";
import type { LockWait } from "@dtuf/registry/files";
import type { OpenRepositoryOptions } from "@dtuf/registry/repository";
import type { Signer, TopLevelRole } from "@dtuf/tuf";

/**
 * A store to publish to. Only `prune` needs listing and deleting; with swapping, no other publisher can move `latest`
 * between the last check and the move.
 */
export type MasterStore = WriteStore & Partial<TagLister & Deleter & NewBlobReceiver & TagSwapper>;

export type KeyType =
  | "ed25519"
  | "ecdsa-p256"
  | "ecdsa-p384"
  | "rsa-3072"
  | "rsa-4096"
  | "ml-dsa-44"
  | "ml-dsa-65"
  | "ml-dsa-87";

export interface PassphraseRequest {
  readonly role: TopLevelRole;
  /** "unlock-previous": a key in keys/previous, whose passphrase may differ. */
  readonly purpose: "create" | "unlock" | "unlock-previous";
  /** Path of the key file, for the prompt. */
  readonly path: string;
  /** How many passphrases for this file were wrong just now. Asked again while the answer is another one, up to three times. */
  readonly refused: number;
}

/**
 * "create": undefined or "" leaves the key unencrypted. For an existing key, it is called only if the file is
 * encrypted.
 */
export type PassphraseProvider = (request: PassphraseRequest) => Promise<string | undefined>;

/** Options of `createMaster`: the repository, by name or as a store, and the settings. */
export type MasterOptions = MasterSettings & (MasterRepository | MasterPlace);

/** The repository by its name. Clock, randomness, transport and credentials have defaults and can be replaced. */
export interface MasterRepository extends OpenRepositoryOptions {
  /** `host[:port]/repository` of a registry, or `oci:DIR`. Recorded in the state; a state of another one is refused. */
  readonly repository: string;
  readonly store?: undefined;
}

/** A store that the caller opened. */
export interface MasterPlace {
  readonly store: MasterStore;
  /** The location of `store`, as the user names it. Recorded in the state; a state of another place is refused. */
  readonly place: string;
}

export interface MasterSettings {
  /** The state directory, `…/<repo>/master`. It is created by the first write. */
  readonly directory: string;
  /** Read once per operation. Default: the system's clock. */
  readonly now?: (() => Date) | undefined;
  /** Default: root 31,556,900 s, targets 7,889,230 s, snapshot 604,800 s, timestamp 86,400 s (dtuf's). */
  readonly lifetimesMs?: Partial<Record<TopLevelRole, number>> | undefined;
  readonly passphrase?: PassphraseProvider | undefined;
  /** Type of the keys that are created. Default: "ed25519". */
  readonly keyType?: KeyType | undefined;
  /** Signers beside the key files (a hardware token, a cloud KMS). Each is used for the roles that name its key. */
  readonly signers?: readonly Signer[] | undefined;
  /** Number of simultaneous uploads. Default: 8. */
  readonly concurrency?: number | undefined;
  /** What to do if another process works on the same state. Default: "wait", for two minutes. */
  readonly lock?: "wait" | "fail" | undefined;
  /** Called after one second of waiting for another process. */
  readonly onLockWait?: ((wait: LockWait) => void) | undefined;
}
