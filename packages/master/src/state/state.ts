/**
 * The record of a publisher: where it publishes, which root it trusts, what it last published or accepted, and which
 * version numbers it has used. It is one small file, replaced atomically; the metadata files are stored beside it,
 * named by SHA-256.
 */
import { isDigest, type Digest } from "@dtuf/registry";
import { parseRoleName, type PushRecord, type RoleName } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";

/** A signed metadata file in `metadata/`. */
export interface FileRecord {
  readonly version: number;
  readonly sha256: string;
}

/** The roles below the root of one release. */
export interface LastRelease {
  readonly timestamp: FileRecord;
  readonly snapshot: FileRecord;
  readonly targets: FileRecord;
}

/** A delegated role of the last release. */
export interface DelegatedRecord {
  readonly role: RoleName;
  readonly version: number;
  readonly expires: Date;
}

export type VersionedRole = "timestamp" | "snapshot" | "targets";

/** A release that may have been published: saved before `latest` moves, removed afterwards. */
export interface PendingRelease {
  readonly release: Digest;
  /** Whether the release contains the changes that were staged before it. */
  readonly carries: "staged" | "nothing";
}

export interface State {
  readonly place: string;
  /** Version of the pinned root, which is one of `roots`. */
  readonly pin: number;
  /** All known roots, the oldest first. */
  readonly roots: readonly FileRecord[];
  /** Signed here and not published yet. */
  readonly stagedRoots: readonly FileRecord[];
  /** Version of the staged root that no old key signed. Once published it becomes the pinned root. */
  readonly stagedPin?: number | undefined;
  readonly head: LastRelease;
  /** The delegated roles whose expiry is known. */
  readonly delegated: readonly DelegatedRecord[];
  /** The digest of `latest` when `head` was published or accepted; absent before the first publication. */
  readonly published?: Digest | undefined;
  /**
   * `published` was accepted from another publisher before `latest` named it, so that an older `latest` is no rollback
   * while that release is there.
   */
  readonly unmoved?: true | undefined;
  /** The mark (`pushedMark`) of the targets last signed and published from here. A refresh does not change it. */
  readonly pushed?: string | undefined;
  /** The newest record of a push that was signed here or used by a refresh from here. */
  readonly pushRecord?: PushRecord | undefined;
  /**
   * The highest versions ever signed here to be published. No number is used for two documents, even if the first was never
   * published. 0: only what `create-metadata` signed, as version 1, which is never sent.
   */
  readonly signed: Readonly<Record<VersionedRole, number>>;
  readonly attempt?: PendingRelease | undefined;
  /** The latest instant at which a record was saved. A clock before it is behind. */
  readonly knownPast?: Date | undefined;
  /**
   * Staged changes are in `staged/<generation>` to `staged/<staging>`. A pending release that contains them increments
   * `staging`, so that changes staged after an interruption are not mistaken for a part of it. A publication sets
   * `generation` to `staging`.
   */
  readonly generation: number;
  readonly staging: number;
  /** How often prune ran from here. An upload during which it ran is checked again. */
  readonly prunes: number;
}

export function encodeState(state: State): string {
  return `${JSON.stringify({ format: 1, ...state }, undefined, 2)}\n`;
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseState(text: string, path: string): State {
  try {
    return readState(JSON.parse(text));
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${path} is not a publisher's record`, { details: { path }, cause });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readState(json: unknown): State {
  const record = fields(json);
  const { format, place, pin, roots, stagedRoots, stagedPin, head, published, signed, attempt } = record;
  if (format !== 1) throw new TypeError(`wanted format 1, got ${String(format)}`);
  if (typeof place !== "string") throw new TypeError("place must be a string");
  const { timestamp, snapshot, targets } = fields(head);
  return {
    place,
    pin: readNumber(pin),
    roots: readList(roots, readFile),
    stagedRoots: readList(stagedRoots, readFile),
    ...(stagedPin === undefined ? {} : { stagedPin: readNumber(stagedPin) }),
    head: { timestamp: readFile(timestamp), snapshot: readFile(snapshot), targets: readFile(targets) },
    delegated: readList(record["delegated"], readDelegated),
    ...(published === undefined ? {} : { published: readDigest(published) }),
    ...(record["unmoved"] === true ? { unmoved: true } : {}),
    ...(record["pushed"] === undefined ? {} : { pushed: readSha256(record["pushed"]) }),
    ...(record["pushRecord"] === undefined ? {} : { pushRecord: readPushRecord(fields(record["pushRecord"])) }),
    signed: readSigned(fields(signed)),
    ...(attempt === undefined ? {} : { attempt: readAttempt(fields(attempt)) }),
    ...(record["knownPast"] === undefined ? {} : { knownPast: readDate(record["knownPast"]) }),
    generation: readNumber(record["generation"]),
    staging: readNumber(record["staging"]),
    prunes: readNumber(record["prunes"]),
  };
}

function fields(json: unknown): Fields {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new TypeError("wanted an object");
  return json as Fields;
}

function readNumber(json: unknown): number {
  if (!Number.isSafeInteger(json) || (json as number) < 0) throw new TypeError("wanted a whole number");
  return json as number;
}

function readDigest(json: unknown): Digest {
  if (typeof json !== "string" || !isDigest(json)) throw new TypeError("wanted a digest");
  return json;
}

function readFile(json: unknown): FileRecord {
  const { version, sha256 } = fields(json);
  return { version: readNumber(version), sha256: readSha256(sha256) };
}

function readSha256(json: unknown): string {
  if (typeof json !== "string" || !/^[0-9a-f]{64}$/.test(json)) throw new TypeError("wanted a SHA-256 in hex");
  return json;
}

function readDelegated(json: unknown): DelegatedRecord {
  const { role, version, expires } = fields(json);
  if (typeof role !== "string") throw new TypeError("wanted a role and its expiry");
  return { role: parseRoleName(role), version: readNumber(version), expires: readDate(expires) };
}

function readDate(json: unknown): Date {
  const date = new Date(typeof json === "string" ? json : Number.NaN);
  if (Number.isNaN(date.getTime())) throw new TypeError("wanted a date");
  return date;
}

function readList<T>(json: unknown, read: (json: unknown) => T): readonly T[] {
  if (!Array.isArray(json)) throw new TypeError("wanted a list");
  return json.map(read);
}

function readSigned({ timestamp, snapshot, targets }: Fields): State["signed"] {
  return { timestamp: readNumber(timestamp), snapshot: readNumber(snapshot), targets: readNumber(targets) };
}

function readPushRecord({ made, until, root, targets, snapshot }: Fields): PushRecord {
  return {
    made: readDate(made),
    until: readDate(until),
    root: readFile(root),
    targets: { version: readNumber(fields(targets)["version"]) },
    snapshot: { ...readFile(snapshot), metaSha256: readSha256(fields(snapshot)["metaSha256"]) },
  };
}

function readAttempt({ release, carries }: Fields): PendingRelease {
  if (carries !== "staged" && carries !== "nothing") throw new TypeError("wanted staged or nothing");
  return { release: readDigest(release), carries };
}
