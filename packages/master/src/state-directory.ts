/**
 * The state directory: `record.json` (the only file that is ever replaced), `metadata/<sha256>.json` and
 * `staged/<generation>/<sha256 of the target's name>.json`. A new record is written after all that it names is durable;
 * what no record names any more is swept afterwards. Directories are 0700, files 0600.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { digestHex, digestOf } from "@dtuf/registry";
import { createDirectory, fileError, isErrno, sweepTemporaryFiles, writeFileAtomically } from "@dtuf/registry/files";
import { defaultLimits, type RoleName, type TargetPath } from "@dtuf/tuf";
import { MasterError } from "./errors.ts";
import { stagedMaxBytes, stagedRoleMaxBytes, stateMaxBytes } from "./limits.ts";
import { encodeStaged, parseStaged, type Staged, type StagedTargets } from "./changes.ts";
import { encodeStagedRole, parseStagedRole, type StagedRole, type StagedRoles } from "./staged-role.ts";
import { encodeState, parseState, type FileRecord, type State } from "./state.ts";

export interface StateDirectory {
  /** Undefined: there is no metadata here yet. @throws MasterError MASTER_STATE_INVALID */
  findRecord(): Promise<State | undefined>;
  /** The commit point of everything. */
  saveRecord(state: State): Promise<void>;
  saveMetadata(version: number, bytes: Uint8Array): Promise<FileRecord>;
  /** @throws MasterError MASTER_STATE_INVALID where the file is gone or altered */
  readMetadata(record: FileRecord): Promise<Uint8Array>;
  readStaged(state: State): Promise<StagedTargets>;
  stage(state: State, path: TargetPath, change: Staged): Promise<void>;
  unstage(state: State, path: TargetPath): Promise<void>;
  readStagedRoles(state: State): Promise<StagedRoles>;
  stageRole(state: State, name: RoleName, change: StagedRole): Promise<void>;
  unstageRole(state: State, name: RoleName): Promise<void>;
  /** Removes what the record does not name, and what killed processes left. */
  sweep(state: State, now: () => Date): Promise<void>;
}

const secret = { mode: 0o600 };
const secretDirectory = { mode: 0o700 };
/** A temporary file older than this belongs to nobody: the lock is held while they are written. */
const staleMs = 60_000;

export function createStateDirectory(directory: string): StateDirectory {
  const recordPath = join(directory, "record.json");
  const metadata = join(directory, "metadata");
  const stagedDirectory = (state: State): string => join(directory, "staged", String(state.generation));

  return {
    async findRecord() {
      const bytes = await findFile(recordPath, stateMaxBytes);
      return bytes === undefined ? undefined : parseState(Buffer.from(bytes).toString("utf8"), recordPath);
    },
    async saveRecord(state) {
      await createDirectory(directory, secretDirectory);
      await writeFileAtomically(recordPath, encodeState(state), secret);
    },
    async saveMetadata(version, bytes) {
      const sha256 = digestHex(digestOf(bytes));
      await createDirectory(metadata, secretDirectory);
      await writeFileAtomically(join(metadata, `${sha256}.json`), bytes, secret);
      return { version, sha256 };
    },
    readMetadata: (record) => readMetadata(metadata, record),
    readStaged: (state) => readStaged(stagedDirectory(state)),
    stage: (state, path, change) => stageFile(stagedDirectory(state), targetFile(path), encodeStaged(path, change)),
    unstage: (state, path) => removeFile(join(stagedDirectory(state), targetFile(path))),
    readStagedRoles: (state) => readStagedRoles(stagedDirectory(state)),
    stageRole: (state, name, change) =>
      stageFile(stagedDirectory(state), roleFile(name), encodeStagedRole(name, change)),
    unstageRole: (state, name) => removeFile(join(stagedDirectory(state), roleFile(name))),
    sweep: (state, now) => sweep(directory, { state, now }),
  };
}

/** No name is ever part of a path. */
function targetFile(path: TargetPath): string {
  return `${createHash("sha256").update(path).digest("hex")}.json`;
}

function roleFile(name: RoleName): string {
  return `role-${createHash("sha256").update(name).digest("hex")}.json`;
}

async function stageFile(directory: string, name: string, text: string): Promise<void> {
  await createDirectory(directory, secretDirectory);
  await writeFileAtomically(join(directory, name), text, secret);
}

async function readMetadata(metadata: string, { sha256 }: FileRecord): Promise<Uint8Array> {
  const path = join(metadata, `${sha256}.json`);
  const bytes = await findFile(path, defaultLimits.targetsMaxBytes);
  if (bytes !== undefined && digestHex(digestOf(bytes)) === sha256) return bytes;
  throw new MasterError("MASTER_STATE_INVALID", `${path} is ${bytes === undefined ? "gone" : "altered"}`, {
    details: { path, wanted: sha256 },
  });
}

async function readStaged(directory: string): Promise<StagedTargets> {
  const staged = new Map<TargetPath, Staged>();
  for (const name of (await listNames(directory)).toSorted()) {
    if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
    const file = join(directory, name);
    const { path, change } = parseStaged((await findFile(file, stagedMaxBytes)) ?? new Uint8Array(), file);
    staged.set(path, change);
  }
  return staged;
}

async function readStagedRoles(directory: string): Promise<StagedRoles> {
  const staged = new Map<RoleName, StagedRole>();
  for (const name of (await listNames(directory)).toSorted()) {
    if (!/^role-[0-9a-f]{64}\.json$/.test(name)) continue;
    const file = join(directory, name);
    const bytes = (await findFile(file, stagedRoleMaxBytes)) ?? new Uint8Array();
    staged.set(...parseStagedRole(bytes, file));
  }
  return staged;
}

async function sweep(directory: string, { state, now }: { state: State; now: () => Date }): Promise<void> {
  const { head, roots, stagedRoots } = state;
  const kept = new Set(
    [...roots, ...stagedRoots, ...Object.values<FileRecord>({ ...head })].map((file) => file.sha256),
  );
  for (const name of await listNames(join(directory, "metadata"))) {
    const sha256 = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
    if (sha256 !== undefined && !kept.has(sha256)) await removeFile(join(directory, "metadata", name));
  }
  for (const name of await listNames(join(directory, "staged"))) {
    if (/^[0-9]+$/.test(name) && Number(name) < state.generation) {
      await rm(join(directory, "staged", name), { recursive: true, force: true });
    }
  }
  for (const part of ["", "metadata", "keys", "keys/previous", `staged/${state.generation}`]) {
    await sweepTemporaryFiles(join(directory, part), { now, olderThanMs: staleMs });
  }
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw fileError(error, directory);
  }
}

async function findFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    if ((await stat(path)).size <= maxBytes) return await readFile(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw fileError(error, path);
  }
  throw new MasterError("MASTER_STATE_INVALID", `${path} is larger than ${maxBytes} bytes`, { details: { path } });
}

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw fileError(error, path);
  }
}
