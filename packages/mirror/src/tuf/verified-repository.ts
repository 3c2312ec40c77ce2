/**
 * A TUF repository as a client with a pinned root sees it: every role and every byte of its metadata is verified, including
 * delegated roles and hash bins. If any part cannot be verified, nothing is copied.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createCopy,
  type Copy,
  type CopyEvent,
  type Site,
  type Source,
  type TargetInfo,
  type StateOutcome,
  type StateRequirement,
  type TrustedFile,
} from "@dtuf/copy";
import { findTargetBlobs, FormatError, parseRootFile, withoutCompanions } from "@dtuf/format";
import {
  defaultLimits,
  parseRoleName,
  parseUnverified,
  TufError,
  verifyOlderRoot,
  verifyRootChain,
  type RoleName,
  type Root,
  type TargetFile,
  type TargetPath,
  type Targets,
  type Trusted,
  type LeftOutRoots,
} from "@dtuf/tuf";
import { MirrorError } from "../errors.ts";

/**
 * A target whose signed list of blobs is malformed, so that no client finds its bytes in a registry. Other targets are
 * not affected.
 */
export interface UnusableTarget {
  readonly path: TargetPath;
  readonly error: FormatError;
}

export interface VerifiedRole {
  readonly name: RoleName;
  readonly version: number;
  readonly bytes: Uint8Array;
  /** Without the unusable targets, and without chunk indexes if the source stores none. */
  readonly targets: Targets;
  readonly unusable: readonly UnusableTarget[];
  /** "bin": one of many roles that divide target paths by hash. */
  readonly kind: "role" | "bin";
}

export interface VerifiedRepository {
  /** From the oldest root that was given or that the pinned root's keys signed. */
  readonly roots: readonly TrustedFile[];
  /** Older roots of the source that were not accepted. */
  readonly leftOut: LeftOutRoots | undefined;
  readonly timestamp: TrustedFile;
  readonly snapshot: TrustedFile;
  /** The top-level role. */
  readonly targets: VerifiedRole;
  readonly delegated: readonly VerifiedRole[];
  /** Expirations of all roles, by role. */
  readonly expirations: ReadonlyMap<string, Date>;
  readonly naming: TargetInfo["naming"];
  /** The site that answered. */
  readonly site: string | undefined;
  /** "not-kept": the state could not be written; the next run would accept an older repository. */
  readonly state: StateOutcome;
  /** Client that fetches targets. */
  readonly copy: Copy;
  readonly source: Source;
}

export interface VerifyOptions {
  readonly source: Source;
  /** The pinned root.json, or a chain of roots as the publisher's `rootChain` returns it, whose newest root is pinned. */
  readonly root: Uint8Array;
  /** Also accept a root of another chain than the pin in `directory`. Default false: it is refused. */
  readonly replace?: boolean | undefined;
  /** The state of the client. If it is kept between runs, a source that became older is refused. */
  readonly directory: string;
  /**
   * If the state cannot be written, "required" throws COPY_STATE_NOT_KEPT before any request; "best-effort" (default)
   * reports it in the result.
   */
  readonly state?: StateRequirement | undefined;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}

/** @throws TufError; CopyError; OciError; FileError; the signal's reason */
export async function verifyRepository(options: VerifyOptions): Promise<VerifiedRepository> {
  const { source, replace, directory, now, signal, onEvent } = options;
  const given = verifyRootChain(parseRootFile(options.root));
  const [first, pinned] = [one(given, "root"), one(given.slice(-1), "root")];
  const copy = createCopy({ source, place: "mirror", directory, now, state: options.state, onEvent });
  const pin = { kind: "root", bytes: options.root } as const;
  const { site, state } = await copy.pullMetadata({ pin, replace, delegations: "skip", signal });
  await loadEveryRole(copy, signal);
  const files = await copy.trustedFiles();
  const parse = (file: TrustedFile): VerifiedRole => parseRole(file, source);
  const found = (role: string): readonly TrustedFile[] => files.filter((file) => file.role === role);
  const trusted = found("root");
  const delegated = files
    .slice(trusted.length)
    .filter(({ role }) => !topLevel.has(role))
    .map(parse);
  const targets = parse(one(found("targets"), "targets"));
  const delegators = [targets, ...delegated].filter((role) => role.targets.delegations !== undefined);
  const newest = one(trusted.slice(-1), "root");
  const { consistentSnapshot, expires } = parseUnverified(newest.bytes, "root");
  const answered = source.sites.find(({ name }) => name === site);
  const { older, leftOut } = await findOlderRoots(answered, { first, pinned }, options);
  const handedOver = given.slice(0, -1).map(({ signed: { version }, bytes }) => ({ role: "root", version, bytes }));
  return {
    roots: [...older, ...handedOver, ...trusted],
    leftOut,
    timestamp: one(found("timestamp"), "timestamp"),
    snapshot: one(found("snapshot"), "snapshot"),
    targets,
    delegated: delegated.map((role) => (isBin(role.name, delegators) ? { ...role, kind: "bin" as const } : role)),
    expirations: new Map([["root", expires], ...files.filter(({ role }) => role !== "root").map(expiry)]),
    naming: consistentSnapshot ? "hash-prefixed" : "plain",
    site,
    state,
    copy,
    source,
  };
}

/** Loads every role, because listing all names needs all roles. */
async function loadEveryRole(copy: Copy, signal: AbortSignal | undefined): Promise<void> {
  const names = copy.listTargets({ signal })[Symbol.asyncIterator]();
  while ((await names.next()).done !== true) signal?.throwIfAborted();
}

const topLevel: ReadonlySet<string> = new Set(["root", "timestamp", "snapshot", "targets"]);

function one<T>(files: readonly T[], role: string): T {
  const [file] = files;
  if (file !== undefined) return file;
  throw new MirrorError("MIRROR_CONTENT_MISSING", `there is no verified ${role}`, { details: { role } });
}

function parseRole({ role, version, bytes }: TrustedFile, { sites }: Source): VerifiedRole {
  const hasIndexes = sites.some((site) => site.openIndex !== undefined);
  const targets = parseUnverified(bytes, "targets");
  const unusable: UnusableTarget[] = [];
  const usable = [...targets.targets].filter(([path, file]) => {
    const error = findFault(file);
    if (error !== undefined) unusable.push({ path, error });
    return error === undefined;
  });
  const name = parseRoleName(role);
  return {
    name,
    version,
    bytes,
    targets: { ...targets, targets: new Map(hasIndexes ? usable : usable.map(withoutIndex)) },
    unusable,
    kind: "role",
  };
}

function withoutIndex([path, file]: readonly [TargetPath, TargetFile]): [TargetPath, TargetFile] {
  return [path, withoutCompanions(file)];
}

function findFault(file: TargetFile): FormatError | undefined {
  try {
    findTargetBlobs(file);
    return undefined;
  } catch (error) {
    if (FormatError.is(error)) return error;
    throw error;
  }
}

function expiry({ role, bytes }: TrustedFile): [string, Date] {
  if (role === "timestamp" || role === "snapshot") return [role, parseUnverified(bytes, role).expires];
  return [role, parseUnverified(bytes, "targets").expires];
}

/** Compares the name with the delegations. The names of all bins are not listed, because they may not fit into memory. */
function isBin(name: RoleName, roles: readonly VerifiedRole[]): boolean {
  return roles.some(({ targets: { delegations } }) => {
    if (delegations === undefined) return false;
    if (delegations.kind === "succinct") return name.startsWith(`${delegations.succinct.namePrefix}-`);
    return delegations.roles.some((role) => role.name === name && role.pathHashPrefixes !== undefined);
  });
}

interface OlderRoots {
  readonly older: readonly TrustedFile[];
  readonly leftOut: LeftOutRoots | undefined;
}

/**
 * Finds older roots of the source that the pinned root's keys signed, because clients that pinned an older root need
 * them.
 */
async function findOlderRoots(
  site: Site | undefined,
  { first, pinned }: { readonly first: Trusted<Root>; readonly pinned: Trusted<Root> },
  { signal }: VerifyOptions,
): Promise<OlderRoots> {
  if (site === undefined) return { older: [], leftOut: undefined };
  const view = site.openView();
  const { maxRootRotations, rootMaxBytes: maxBytes } = defaultLimits;
  const older: TrustedFile[] = [];
  for (let next = first; next.signed.version > 1 && older.length < maxRootRotations;) {
    await nextTurn();
    signal?.throwIfAborted();
    const version = next.signed.version - 1;
    const bytes = await view.findMetadata({ role: "root", version, maxBytes, signal });
    if (bytes === undefined) break;
    try {
      next = verifyOlderRoot(bytes, { next, pinned });
    } catch (error) {
      if (!TufError.is(error)) throw error;
      return { older, leftOut: { newest: version, error } };
    }
    older.unshift({ role: "root", version, bytes });
  }
  return { older, leftOut: undefined };
}

/** The description of a role's target with which sources are asked for it. */
export function describeTarget(
  { naming }: Pick<VerifiedRepository, "naming">,
  role: VerifiedRole,
  [path, file]: readonly [TargetPath, TargetFile],
): TargetInfo {
  const { length, hashes } = file;
  return { path, file, length, hashes, role: role.name, roleVersion: role.version, blobs: [], naming };
}

export interface Expiration {
  readonly role: string;
  readonly expires: Date;
}

/** The roles that expire at `until` or before, the first to expire first. */
export function expirationsBefore(
  { expirations }: Pick<VerifiedRepository, "expirations">,
  until: Date,
): readonly Expiration[] {
  return [...expirations]
    .filter(([, expires]) => expires <= until)
    .toSorted(([, a], [, b]) => a.getTime() - b.getTime())
    .map(([role, expires]) => ({ role, expires }));
}

/** The first role to expire. */
export function firstToExpire({ expirations }: Pick<VerifiedRepository, "expirations">): Expiration {
  const [first] = [...expirations].toSorted(([, a], [, b]) => a.getTime() - b.getTime());
  return { role: first?.[0] ?? "root", expires: first?.[1] ?? new Date(0) };
}

/** @throws MirrorError MIRROR_EXPIRES_EARLY */
export function verifyValidUntil(repository: Pick<VerifiedRepository, "expirations">, until: Date): void {
  const { role, expires } = firstToExpire(repository);
  if (expires > until) return;
  const [wanted, got] = [until.toISOString(), expires.toISOString()];
  throw new MirrorError("MIRROR_EXPIRES_EARLY", `${role} expires at ${got}; it must be valid until ${wanted}`, {
    details: { role, wanted, got },
  });
}
