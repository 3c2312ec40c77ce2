/**
 * The state directory: `record.json` (the only file that is ever replaced), `metadata/<sha256>.json` and
 * `staged/<generation>/<sha256 of the target's name>.json`. A new record is written after all files that it names are
 * durable; files that no record names any more are deleted afterwards. Directories are 0700, files 0600.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { digestHex, digestOf } from "@dtuf/registry";
import { createDirectory, findFile, sweepTemporaryFiles, writeFileAtomically } from "@dtuf/registry/files";
import { defaultLimits, keepOpen } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { stateMaxBytes } from "../limits.ts";
import { createOwnDirectory, listNames, removeFile } from "./own-directory.ts";
import { createStagedFiles, type StagedFiles } from "./staged-files.ts";
import { encodeState, parseState, type FileRecord, type State } from "./state.ts";

export interface StateDirectory extends StagedFiles {
  readonly directory: string;
  /** Returns undefined if there is no metadata here yet. @throws MasterError MASTER_STATE_INVALID */
  findRecord(): Promise<State | undefined>;
  /** The commit point of every change. */
  saveRecord(state: State): Promise<void>;
  saveMetadata(version: number, bytes: Uint8Array): Promise<FileRecord>;
  /** @throws MasterError MASTER_STATE_INVALID if the file is missing or altered */
  readMetadata(record: FileRecord): Promise<Uint8Array>;
  /** The snapshot of the last release: the same bytes, kept open, until it is another one. @throws MasterError MASTER_STATE_INVALID */
  readSnapshot(state: Pick<State, "head">): Promise<Uint8Array>;
  /** A hash bin that was read since the last publication, so that it is not fetched for each look at what is staged. */
  findBin(sha256: string): Promise<Uint8Array | undefined>;
  saveBin(bytes: Uint8Array): Promise<void>;
  /** Removes files that the record does not name, and temporary files of killed processes. */
  sweep(state: State, now: () => Date): Promise<void>;
}

const secret = { mode: 0o600 };
const secretDirectory = { mode: 0o700 };
/** No running process writes a temporary file that is older than this, because writers hold the lock. */
const staleMs = 60_000;

export function createStateDirectory(directory: string): StateDirectory {
  const recordPath = join(directory, "record.json");
  const metadata = join(directory, "metadata");
  return {
    ...createStagedFiles(directory),
    directory,
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
    readSnapshot: createSnapshotReader(metadata),
    async findBin(sha256) {
      const bytes = await findFile(join(directory, "bins", `${sha256}.json`), {
        maxBytes: defaultLimits.targetsMaxBytes,
      });
      return bytes !== undefined && digestHex(digestOf(bytes)) === sha256 ? bytes : undefined;
    },
    async saveBin(bytes) {
      await createOwnDirectory(directory, "bins");
      await writeFileAtomically(join(directory, "bins", `${digestHex(digestOf(bytes))}.json`), bytes, secret);
    },
    sweep: (state, now) => sweep(directory, { state, now }),
  };
}

async function readMetadata(metadata: string, { sha256 }: FileRecord): Promise<Uint8Array> {
  const path = join(metadata, `${sha256}.json`);
  const bytes = await findFile(path, { maxBytes: defaultLimits.targetsMaxBytes });
  if (bytes !== undefined && digestHex(digestOf(bytes)) === sha256) return bytes;
  throw new MasterError("MASTER_STATE_INVALID", `${path} is ${bytes === undefined ? "missing" : "altered"}`, {
    details: { path, wanted: sha256 },
  });
}

function createSnapshotReader(metadata: string): StateDirectory["readSnapshot"] {
  let known: Uint8Array | undefined;
  return async ({ head }) => {
    const bytes = await readMetadata(metadata, head.snapshot);
    if (known === undefined || Buffer.compare(known, bytes) !== 0) known = bytes;
    keepOpen(known);
    return known;
  };
}

async function sweep(directory: string, { state, now }: { state: State; now: () => Date }): Promise<void> {
  const { head, roots, stagedRoots } = state;
  await rm(join(directory, "bins"), { recursive: true, force: true });
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
