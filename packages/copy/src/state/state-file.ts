/**
 * state.json: which cached files belong together. It is replaced in one step, so a reader sees one refresh or the next
 * one, never a mixture. It holds no trust: every file that it names is verified again from the pin on.
 */
import { CopyError } from "../errors.ts";
import { stateRolesMaxBytes } from "../limits.ts";

/** SHA-256 of a cached file, 64 hex digits: the file's name, so that no role's name is ever a path. */
export type FileHash = string;

export interface TopLevelFiles {
  readonly timestamp: FileHash | undefined;
  readonly snapshot: FileHash | undefined;
  readonly targets: FileHash | undefined;
}

export interface CacheState {
  /** SHA-256 of the pinned root that everything here hangs on. */
  readonly pin: FileHash;
  /** The roots after the pin, in order. */
  readonly roots: readonly FileHash[];
  /** The newest file of each role that was accepted; what a refresh compares with. */
  readonly accepted: TopLevelFiles;
  /** The last three that were accepted together, where a refresh broke off since; what offline use falls back to. */
  readonly complete: TopLevelFiles | undefined;
  readonly delegated: ReadonlyMap<string, FileHash>;
  /** The source's marker of what was read; undefined: ask in full. */
  readonly revision: string | undefined;
  readonly place: string | undefined;
  /** When a refresh last succeeded: an earlier clock is suspect. */
  readonly refreshedAt: Date | undefined;
}

/** The shape of state.json. Another number is another program's. */
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

/** Of the delegated roles as many as the file has room for, the newest: the others are fetched again when they are needed. */
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

/** Of one entry in a list: line breaks and spaces. */
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
  if (typeof role !== "string") throw foreign("a delegated role without a name");
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
  return new CopyError("COPY_STATE_FOREIGN", `state.json is not a state of this program: ${why}`, { cause });
}
