/** What a publisher is made of. */
import type { Deleter, TagLister, TagSwapper, WriteStore } from "@dtuf/registry";
import type { LockWait } from "@dtuf/registry/files";
import type { OpenRepositoryOptions } from "@dtuf/registry/repository";
import type { Signer, TopLevelRole } from "@dtuf/tuf";

/** A store to publish to. Listing and deleting are needed by `prune` alone; swapping closes the last window of a race. */
export type MasterStore = WriteStore & Partial<TagLister & Deleter & TagSwapper>;

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
  /** "unlock-previous": a key set aside in keys/previous, whose passphrase may be another one. */
  readonly purpose: "create" | "unlock" | "unlock-previous";
  /** The key file, for a prompt. */
  readonly path: string;
}

/** "create": undefined or "" leaves the key unencrypted. Asked for an existing key only when its file is encrypted. */
export type PassphraseProvider = (request: PassphraseRequest) => Promise<string | undefined>;

/** What a publisher is made of: where it publishes, in one of two ways, and its state. */
export type MasterOptions = MasterSettings & (MasterRepository | MasterPlace);

/** The repository by its name. Clock, chance, transport and credentials have defaults and can be given. */
export interface MasterRepository extends OpenRepositoryOptions {
  /** `host[:port]/repository` of a registry, or `oci:DIR`. Recorded in the state; a state of another one is refused. */
  readonly repository: string;
  readonly store?: undefined;
}

/** A store that the program opened. */
export interface MasterPlace {
  readonly store: MasterStore;
  /** Where `store` is, as the user names it. Recorded in the state; a state of another place is refused. */
  readonly place: string;
}

export interface MasterSettings {
  /** The state directory, `…/<repo>/master`. Made when it is first written to. */
  readonly directory: string;
  /** Read once per operation. Default: the system's clock. */
  readonly now?: (() => Date) | undefined;
  /** Default: root 31,556,900 s, targets 7,889,230 s, snapshot 604,800 s, timestamp 86,400 s (dtuf's). */
  readonly lifetimesMs?: Partial<Record<TopLevelRole, number>> | undefined;
  readonly passphrase?: PassphraseProvider | undefined;
  /** Of keys created here. Default: "ed25519". */
  readonly keyType?: KeyType | undefined;
  /** Signers beside the key files (a hardware token, a cloud KMS). Used for whatever role names their key. */
  readonly signers?: readonly Signer[] | undefined;
  /** Uploads at a time. Default: 4. */
  readonly concurrency?: number | undefined;
  /** What to do while another process works on the same state. Default: "wait", for two minutes. */
  readonly lock?: "wait" | "fail" | undefined;
  /** Told after a second of waiting for another process. */
  readonly onLockWait?: ((wait: LockWait) => void) | undefined;
}
