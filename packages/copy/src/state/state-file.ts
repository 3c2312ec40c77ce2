/**
 * state.json: which cached files belong together. It is replaced in one step, so a reader sees one refresh or the next
 * one, never a mixture. It is not trusted: every file that it names is verified again, starting from the pin.
 */
import { CopyError } from "../errors.ts";
import { stateRolesMaxBytes } from "../limits.ts";

/** SHA-256 of a cached file, 64 hex digits. It is the name of the file, so that the name of a role is never a path. */
export type FileHash = string;

export interface TopLevelFiles {
  readonly timestamp: FileHash | undefined;
  readonly snapshot: FileHash | undefined;
  readonly targets: FileHash | undefined;
}

export interface CacheState {
  /** SHA-256 of the pinned root that this state belongs to. */
  readonly pin: FileHash;
  /** The roots after the pin, in order. */
  readonly roots: readonly FileHash[];
  /** The newest accepted file of each role, which a refresh compares with. */
  readonly accepted: TopLevelFiles;
  /**
   * The last three files that were accepted together, if a refresh was interrupted since. Offline calls fall back to
   * them.
   */
  readonly complete: TopLevelFiles | undefined;
  readonly delegated: ReadonlyMap<string, FileHash>;
  /** The source's revision at the last refresh. Undefined: the next refresh asks for everything. */
  readonly revision: string | undefined;
  readonly place: string | undefined;
  /** Time of the last successful refresh. An earlier clock is refused. */
  readonly refreshedAt: Date | undefined;
}

/** The version of the structure of state.json. A file with another version is refused. */
const stateVersion = 1;

export const noFiles: TopLevelFiles = { timestamp: undefined, snapshot: undefined, targets: undefined };

export function emptyState(pin: FileHash): CacheState {
  return {
    pin,
    roots: [],
    accepted: noFiles,
    complete: undefined,
    delegated: new Map(),
    revision: undefined,
    place: undefined,
    refreshedAt: undefined,
  };
}

/** Encodes as many of the newest delegated roles as fit. The others are fetched again when they are needed. */
export function encodeState(state: CacheState): string {
  const { refreshedAt, ...rest } = state;
  const delegated: [string, FileHash][] = [];
  let bytes = 0;
  for (const entry of [...state.delegated].toReversed()) {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + indentation;
    if (bytes > stateRolesMaxBytes) break;
    delegated.push(entry);
  }
  const json = { stateVersion, ...rest, delegated: delegated.toReversed(), refreshedAt };
  return `${JSON.stringify(json, undefined, 1)}\n`;
}

/** Line breaks and spaces of one entry in a list, in bytes. */
const indentation = 16;

/** @throws CopyError COPY_STATE_FOREIGN */
export function parseState(text: string): CacheState {
  const json = object(parseJson(text));
  if (json["stateVersion"] !== stateVersion) throw foreign(`stateVersion ${JSON.stringify(json["stateVersion"])}`);
  return {
    pin: hash(json["pin"]),
    roots: list(json["roots"]).map(hash),
    accepted: files(json["accepted"]),
    complete: json["complete"] === undefined ? undefined : files(json["complete"]),
    delegated: new Map(list(json["delegated"]).map(pair)),
    revision: optionalText(json["revision"]),
    place: optionalText(json["place"]),
    refreshedAt: date(json["refreshedAt"]),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw foreign("it is not JSON", cause);
  }
}

function files(json: unknown): TopLevelFiles {
  const { timestamp, snapshot, targets } = object(json);
  return { timestamp: optionalHash(timestamp), snapshot: optionalHash(snapshot), targets: optionalHash(targets) };
}

function pair(json: unknown): [string, FileHash] {
  const [role, name] = list(json);
  if (typeof role !== "string") throw foreign("a delegated role has no name");
  return [role, hash(name)];
}

function object(json: unknown): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw foreign("wanted an object");
  return json as Record<string, unknown>;
}

function list(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw foreign("wanted a list");
  return json;
}

function hash(json: unknown): FileHash {
  if (typeof json !== "string" || !/^[0-9a-f]{64}$/.test(json)) throw foreign("wanted a SHA-256");
  return json;
}

function optionalHash(json: unknown): FileHash | undefined {
  return json === undefined ? undefined : hash(json);
}

function optionalText(json: unknown): string | undefined {
  if (json === undefined) return undefined;
  if (typeof json !== "string") throw foreign("wanted a text");
  return json;
}

function date(json: unknown): Date | undefined {
  if (json === undefined) return undefined;
  const value = new Date(typeof json === "string" ? json : Number.NaN);
  if (Number.isNaN(value.getTime())) throw foreign("wanted a date");
  return value;
}

function foreign(why: string, cause?: unknown): CopyError {
  return new CopyError("COPY_STATE_FOREIGN", `state.json is not a state of this version of dtuf: ${why}`, { cause });
}
