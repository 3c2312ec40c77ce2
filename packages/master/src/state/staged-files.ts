/**
 * Staged changes: one file for each change, `staged/<generation>/<sha256 of the target's name>.json`, one file for
 * the changes that were staged together, `staged/<generation>/together.json`, which takes precedence, one for the
 * changes of keys and thresholds, `staged/<generation>/keys.json`, and one for hash bins, `staged/<generation>/bins.json`.
 * See `State.generation`.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { findFile, writeFileAtomically } from "@dtuf/registry/files";
import type { RoleName, TargetPath } from "@dtuf/tuf";
import {
  encodeStaged,
  encodeTogether,
  parseStaged,
  parseTogether,
  type Staged,
  type StagedTargets,
} from "../documents/changes.ts";
import { stagedMaxBytes, stagedRoleMaxBytes, togetherMaxBytes } from "../limits.ts";
import { createOwnDirectory, listNames, removeFile } from "./own-directory.ts";
import { encodeKeyChanges, mergeKeyChanges, parseKeyChanges, type KeyChange } from "../documents/key-changes.ts";
import { encodeStagedBins, parseStagedBins, type StagedBins } from "../documents/staged-bins.ts";
import {
  encodeStagedRole,
  orderOfStagedRole,
  parseStagedRole,
  type StagedRole,
  type StagedRoles,
} from "../documents/staged-role.ts";
import type { State } from "./state.ts";

export interface StagedFiles {
  readStaged(state: State): Promise<StagedTargets>;
  /** One staged change, without reading the others. */
  findStaged(state: State, path: TargetPath): Promise<Staged | undefined>;
  countStaged(state: State): Promise<number>;
  stage(state: State, path: TargetPath, change: Staged): Promise<void>;
  /** Stages all of them by one write: a killed process leaves all of them staged or none. */
  stageTogether(state: State, changes: StagedTargets): Promise<void>;
  unstage(state: State, path: TargetPath): Promise<void>;
  readStagedRoles(state: State): Promise<StagedRoles>;
  stageRole(state: State, name: RoleName, change: StagedRole): Promise<void>;
  unstageRole(state: State, name: RoleName): Promise<void>;
  readKeyChanges(state: State): Promise<readonly KeyChange[]>;
  stageKeyChange(state: State, change: KeyChange): Promise<void>;
  unstageKeyChanges(state: State): Promise<void>;
  findBins(state: State): Promise<StagedBins | undefined>;
  stageBins(state: State, bins: StagedBins): Promise<void>;
  unstageBins(state: State): Promise<void>;
}

export function createStagedFiles(directory: string): StagedFiles {
  const staged = join(directory, "staged");
  const layersOf = ({ generation, staging }: State): readonly string[] =>
    Array.from({ length: staging - generation + 1 }, (_, n) => join(staged, String(generation + n)));
  const write = async ({ staging }: State, name: string, text: string): Promise<void> => {
    await createOwnDirectory(directory, "staged");
    await createOwnDirectory(staged, String(staging));
    await writeFileAtomically(join(staged, String(staging), name), text, { mode: 0o600 });
  };
  const layerOf = ({ staging }: State): string => join(staged, String(staging));
  return {
    readStaged: (state) => readStaged(layersOf(state)),
    findStaged: (state, path) => findStaged(layersOf(state), path),
    countStaged: (state) => countStaged(layersOf(state)),
    async stage(state, path, change) {
      await write(state, targetFile(path), encodeStaged(path, change));
      await dropFromTogether(layerOf(state), path);
    },
    async stageTogether(state, changes) {
      const all = new Map([...(await readTogether(layerOf(state))), ...changes]);
      await write(state, togetherFile, encodeTogether(all, join(layerOf(state), togetherFile)));
    },
    async unstage(state, path) {
      for (const layer of layersOf(state)) {
        await removeFile(join(layer, targetFile(path)));
        await dropFromTogether(layer, path);
      }
    },
    ...createRoleFiles({ write, layersOf }),
    readKeyChanges: (state) => readKeyChanges(layersOf(state)),
    stageKeyChange: async (state, change) =>
      write(state, keyFile, encodeKeyChanges([...(await readKeyChanges([layerOf(state)])), change])),
    unstageKeyChanges: (state) => removeFromAll(layersOf(state), keyFile),
    ...createBinFiles({ write, layersOf }),
  };
}

interface Layers {
  readonly layersOf: (state: State) => readonly string[];
  readonly write: (state: State, name: string, text: string) => Promise<void>;
}

type RoleFiles = Pick<StagedFiles, "readStagedRoles" | "stageRole" | "unstageRole">;

function createRoleFiles({ layersOf, write }: Layers): RoleFiles {
  return {
    readStagedRoles: async (state) =>
      new Map((await listStagedRoles(layersOf(state))).map(({ name, change }) => [name, change])),
    async stageRole(state, name, change) {
      const staged = await listStagedRoles(layersOf(state));
      const own = staged.find((other) => other.name === name) ?? { order: 1 + (staged.at(-1)?.order ?? 0) };
      await write(state, roleFile(name), encodeStagedRole(name, change, own.order));
    },
    async unstageRole(state, name) {
      for (const layer of layersOf(state)) await removeFile(join(layer, roleFile(name)));
    },
  };
}

function createBinFiles({ layersOf, write }: Layers): Pick<StagedFiles, "findBins" | "stageBins" | "unstageBins"> {
  return {
    findBins: (state) => findBins(layersOf(state)),
    stageBins: (state, bins) => write(state, binsFile, encodeStagedBins(bins)),
    unstageBins: (state) => removeFromAll(layersOf(state), binsFile),
  };
}

async function readKeyChanges(layers: readonly string[]): Promise<readonly KeyChange[]> {
  const changes: KeyChange[] = [];
  for (const layer of layers) {
    const file = join(layer, keyFile);
    const bytes = await findFile(file, { maxBytes: stagedMaxBytes });
    if (bytes !== undefined) changes.push(...parseKeyChanges(bytes, file));
  }
  return mergeKeyChanges(changes);
}

/** The later layer's counts. */
async function findBins(layers: readonly string[]): Promise<StagedBins | undefined> {
  for (const layer of layers.toReversed()) {
    const file = join(layer, binsFile);
    const bytes = await findFile(file, { maxBytes: stagedMaxBytes });
    if (bytes !== undefined) return parseStagedBins(bytes, file);
  }
  return undefined;
}

async function removeFromAll(layers: readonly string[], name: string): Promise<void> {
  for (const layer of layers) await removeFile(join(layer, name));
}

async function readTogether(layer: string): Promise<StagedTargets> {
  const file = join(layer, togetherFile);
  const bytes = await findFile(file, { maxBytes: togetherMaxBytes });
  return bytes === undefined ? new Map() : parseTogether(bytes, file);
}

async function dropFromTogether(layer: string, path: TargetPath): Promise<void> {
  const changes = new Map(await readTogether(layer));
  if (!changes.delete(path)) return;
  const file = join(layer, togetherFile);
  if (changes.size === 0) await removeFile(file);
  else await writeFileAtomically(file, encodeTogether(changes, file), { mode: 0o600 });
}

/** A target's name is never part of a path, because it comes from outside. */
function targetFile(path: TargetPath): string {
  return `${createHash("sha256").update(path).digest("hex")}.json`;
}

function roleFile(name: RoleName): string {
  return `role-${createHash("sha256").update(name).digest("hex")}.json`;
}

const togetherFile = "together.json";
const keyFile = "keys.json";
const binsFile = "bins.json";
const targetFileName = /^[0-9a-f]{64}\.json$/;
const roleFileName = /^role-[0-9a-f]{64}\.json$/;

/** Of two changes of one target the later layer's counts; in one layer, the change in `together.json` counts. */
async function readStaged(layers: readonly string[]): Promise<StagedTargets> {
  const staged = new Map<TargetPath, Staged>();
  for (const layer of layers) {
    for (const file of await listFiles([layer], targetFileName)) {
      const bytes = (await findFile(file, { maxBytes: stagedMaxBytes })) ?? new Uint8Array();
      const { path, change } = parseStaged(bytes, file);
      staged.set(path, change);
    }
    for (const [path, change] of await readTogether(layer)) staged.set(path, change);
  }
  return staged;
}

async function countStaged(layers: readonly string[]): Promise<number> {
  const together = await Promise.all(layers.map(readTogether));
  const alone = await listFiles(layers, targetFileName);
  return together.reduce((sum, { size }) => sum + size, alone.length);
}

async function findStaged(layers: readonly string[], path: TargetPath): Promise<Staged | undefined> {
  for (const layer of layers.toReversed()) {
    const change = (await readTogether(layer)).get(path);
    if (change !== undefined) return change;
    const file = join(layer, targetFile(path));
    const bytes = await findFile(file, { maxBytes: stagedMaxBytes });
    if (bytes !== undefined) return parseStaged(bytes, file).change;
  }
  return undefined;
}

interface StagedRoleInOrder {
  readonly name: RoleName;
  readonly change: StagedRole;
  readonly order: number;
}

/** In the order in which they were first staged: delegations are published in it, and clients ask them in it. */
async function listStagedRoles(layers: readonly string[]): Promise<readonly StagedRoleInOrder[]> {
  const staged = new Map<RoleName, StagedRoleInOrder>();
  for (const file of await listFiles(layers, roleFileName)) {
    const bytes = (await findFile(file, { maxBytes: stagedRoleMaxBytes })) ?? new Uint8Array();
    const [name, change] = parseStagedRole(bytes, file);
    staged.set(name, { name, change, order: orderOfStagedRole(bytes) });
  }
  return [...staged.values()].toSorted((a, b) => a.order - b.order);
}

async function listFiles(directories: readonly string[], name: RegExp): Promise<readonly string[]> {
  const files: string[] = [];
  for (const directory of directories) {
    const names = (await listNames(directory)).filter((found) => name.test(found)).toSorted();
    files.push(...names.map((found) => join(directory, found)));
  }
  return files;
}
