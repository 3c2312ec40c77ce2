/**
 * What a client that has a pinned root sees of a repository, without changing any state: everything is verified as a
 * client verifies it, except expiry, which the report tells. Delegated roles are read when they are needed.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopyError, createCopy, type MetadataView, type Source, type TrustedFile } from "@dtuf/copy";
import { fileError, isErrno } from "@dtuf/registry/files";
import { createTrustedSet, TufError, type LoadRole, type TrustedSet } from "@dtuf/tuf";

export interface Seen {
  readonly set: TrustedSet;
  /** Reads a delegated role into the set. @throws TufError, CopyError, OciError */
  readonly load: LoadRole;
  readonly pin: TrustedFile;
}

export interface ClientLook {
  readonly source: Source;
  /** The root.json, or chain of roots, that is trusted. Undefined: that of `state`. */
  readonly root?: Uint8Array | undefined;
  /** The directory of a client's state, which is only read: an older release than it has seen is refused. */
  readonly state?: string | undefined;
  readonly mode: "online" | "offline";
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/** Nothing has expired at this instant: the report says what has. */
const beginning = new Date(0);

/** What a refresh needs; a state also has half-finished downloads. */
const stateFiles = ["pin.json", "state.json", "metadata"] as const;

/** @throws TufError, CopyError, OciError if a client refuses what is there, or gets no answer */
export async function lookAsClient(look: ClientLook): Promise<Seen> {
  const { state } = look;
  if (state === undefined) return lookFrom(look, []);
  try {
    return await lookFrom(look, stateFiles);
  } catch (error) {
    if (!TufError.is(error) || error.code !== "TUF_EXPIRED") throw error;
    // A state refuses a clock that goes back, so that what has expired is read from the pinned root alone.
    return lookFrom(look, ["pin.json"]);
  }
}

async function lookFrom(look: ClientLook, kept: readonly string[]): Promise<Seen> {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-status-"));
  try {
    for (const name of kept) await copyKept(join(look.state ?? "", name), join(directory, name));
    return await refresh(look, { directory, now: kept.includes("state.json") ? look.now : beginning });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function copyKept(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true }).catch((error: unknown) => {
    if (!isErrno(error, "ENOENT")) throw fileError(error, from);
  });
}

interface Workplace {
  readonly directory: string;
  readonly now: Date;
}

async function refresh({ source, root, mode, signal }: ClientLook, { directory, now }: Workplace): Promise<Seen> {
  const copy = createCopy({ source, place: "status", directory, root, now: () => now });
  // Offline, what was accepted before is read, expired or not.
  const site = mode === "offline" ? undefined : (await copy.pullMetadata({ delegations: "skip", signal })).site;
  const files = await copy.trustedFiles();
  const { set, pin } = trustAgain(files);
  const view = source.sites.find(({ name }) => name === site)?.openView();
  const kept = new Map(files.filter(({ role }) => role !== "root").map(({ role, bytes }) => [role, bytes]));
  return { set, pin, load: createLoader(set, { view, kept, signal }) };
}

interface Shelf {
  readonly view: MetadataView | undefined;
  readonly kept: ReadonlyMap<string, Uint8Array>;
  readonly signal: AbortSignal | undefined;
}

function createLoader(set: TrustedSet, { view, kept, signal }: Shelf): LoadRole {
  return async (role, delegator) => {
    signal?.throwIfAborted();
    const cached = kept.get(role);
    if (cached !== undefined && isTaken(() => set.updateDelegated(role, delegator, cached))) return;
    const { version, ...wanted } = set.wanted(role);
    const bytes = await view?.findMetadata({ role, version, ...wanted, signal });
    if (bytes === undefined) throw missing(role);
    set.updateDelegated(role, delegator, bytes);
  };
}

/** A cached file may be an older one. */
function isTaken(take: () => void): boolean {
  try {
    take();
    return true;
  } catch (error) {
    if (TufError.is(error)) return false;
    throw error;
  }
}

function trustAgain(files: readonly TrustedFile[]): Pick<Seen, "set" | "pin"> {
  const roots = files.filter(({ role }) => role === "root");
  const bytesOf = (role: string): Uint8Array => {
    const file = files.find((each) => each.role === role);
    if (file === undefined) throw missing(role);
    return file.bytes;
  };
  const [pin, ...later] = roots;
  if (pin === undefined) throw missing("root");
  const set = createTrustedSet({ root: pin.bytes, now: beginning });
  for (const { bytes } of later) set.updateRoot(bytes);
  set.finishRoot();
  set.updateTimestamp(bytesOf("timestamp"));
  set.updateSnapshot(bytesOf("snapshot"), "source");
  set.updateTargets(bytesOf("targets"));
  return { set, pin };
}

function missing(role: string): CopyError {
  return new CopyError("COPY_METADATA_MISSING", `the file of ${role} is not there`);
}
