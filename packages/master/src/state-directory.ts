/**
 * The state directory: `record.json` (the only file that is ever replaced), `metadata/<sha256>.json` and
 * `staged/<generation>/<sha256 of the target's name>.json`. A new record is written after all that it names is durable;
 * what no record names any more is swept afterwards. Directories are 0700, files 0600.
 */
import { createHash } from "node:crypto";
import { lstat, readdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { digestHex, digestOf } from "@dtuf/registry";
import {
  createDirectory,
  fileError,
  findFile,
  isErrno,
  sweepTemporaryFiles,
  writeFileAtomically,
} from "@dtuf/registry/files";
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
  const staged = join(directory, "staged");
  const layersOf = ({ generation, staging }: State): readonly string[] =>
    Array.from({ length: staging - generation + 1 }, (_, n) => join(staged, String(generation + n)));
  const stage = async ({ staging }: State, name: string, text: string): Promise<void> => {
    await createOwnDirectory(directory, "staged");
    await createOwnDirectory(staged, String(staging));
    await writeFileAtomically(join(staged, String(staging), name), text, secret);
  };
  const unstage = async (state: State, name: string): Promise<void> => {
    for (const layer of layersOf(state)) await removeFile(join(layer, name));
  };

  return {
    async findRecord() {
      const bytes = await findFile(recordPath, { maxBytes: stateMaxBytes });
      return bytes === undefined ? undefined : parseState(Buffer.from(bytes).toString("utf8"), recordPath);
    },
    async saveRecord(state) {
      await createDirectory(directory, secretDirectory);
      await writeFileAtomically(recordPath, encodeState(state), secret);
    },
    async saveMetadata(version, bytes) {
      const sha256 = digestHex(digestOf(bytes));
      await createOwnDirectory(directory, "metadata");
      await writeFileAtomically(join(metadata, `${sha256}.json`), bytes, secret);
      return { version, sha256 };
    },
    readMetadata: (record) => readMetadata(metadata, record),
    readStaged: (state) => readStaged(layersOf(state)),
    stage: (state, path, change) => stage(state, targetFile(path), encodeStaged(path, change)),
    unstage: (state, path) => unstage(state, targetFile(path)),
    readStagedRoles: (state) => readStagedRoles(layersOf(state)),
    stageRole: (state, name, change) => stage(state, roleFile(name), encodeStagedRole(name, change)),
    unstageRole: (state, name) => unstage(state, roleFile(name)),
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

/** A link planted in its place would lead what is written, and what is swept, to somewhere else. */
async function createOwnDirectory(parent: string, name: string): Promise<void> {
  const path = join(parent, name);
  await createDirectory(path, secretDirectory);
  if ((await lstat(path)).isDirectory()) return;
  throw new MasterError("MASTER_STATE_INVALID", `${path} is a link, not a directory`, { details: { path } });
}

async function readMetadata(metadata: string, { sha256 }: FileRecord): Promise<Uint8Array> {
  const path = join(metadata, `${sha256}.json`);
  const bytes = await findFile(path, { maxBytes: defaultLimits.targetsMaxBytes });
  if (bytes !== undefined && digestHex(digestOf(bytes)) === sha256) return bytes;
  throw new MasterError("MASTER_STATE_INVALID", `${path} is ${bytes === undefined ? "gone" : "altered"}`, {
    details: { path, wanted: sha256 },
  });
}

/** Of two changes of one thing the later layer's counts. */
async function readStaged(layers: readonly string[]): Promise<StagedTargets> {
  const staged = new Map<TargetPath, Staged>();
  for (const file of await listFiles(layers, /^[0-9a-f]{64}\.json$/)) {
    const { path, change } = parseStaged(
      (await findFile(file, { maxBytes: stagedMaxBytes })) ?? new Uint8Array(),
      file,
    );
    staged.set(path, change);
  }
  return staged;
}

async function readStagedRoles(layers: readonly string[]): Promise<StagedRoles> {
  const staged = new Map<RoleName, StagedRole>();
  for (const file of await listFiles(layers, /^role-[0-9a-f]{64}\.json$/)) {
    const bytes = (await findFile(file, { maxBytes: stagedRoleMaxBytes })) ?? new Uint8Array();
    staged.set(...parseStagedRole(bytes, file));
  }
  return staged;
}

async function listFiles(directories: readonly string[], name: RegExp): Promise<readonly string[]> {
  const files: string[] = [];
  for (const directory of directories) {
    const names = (await listNames(directory)).filter((found) => name.test(found)).toSorted();
    files.push(...names.map((found) => join(directory, found)));
  }
  return files;
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
  for (const part of ["", "metadata", "keys", "keys/previous", `staged/${state.staging}`]) {
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

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw fileError(error, path);
  }
}
