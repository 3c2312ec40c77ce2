/**
 * An archive that is unpacked into a directory of its own, a slot. The file `current` names the slot to start; it is
 * replaced by one rename, and slots that it does not name are changed only after that.
 */
import { basename, join } from "node:path";
import {
  createDirectory,
  fileCall,
  findFile,
  renameWithRetries,
  syncDirectory,
  writeFileAtomically,
} from "@dtuf/registry/files";
import { lstat, rm } from "node:fs/promises";
import { AgentError } from "../errors.ts";
import type { InstalledVersion } from "../state/agent-state.ts";
import type { Installation, InstallOptions } from "./installation.ts";
import { removeOthers, stagedName } from "./remove-others.ts";
import type { UnpackLimits } from "./archive/entry-rule.ts";
import { unpackArchive } from "./archive/unpack.ts";
import { openVerifiedFile } from "./verified-file.ts";

export interface SlotPlace extends UnpackLimits {
  /** Gets `slots/`, `staging/` and the file `current`. */
  readonly directory: string;
  /**
   * 2: the predecessor is removed before a new version is unpacked, for a disk that holds two; until then one can go back to it.
   * 3 (default): it is kept until the new version is confirmed.
   */
  readonly slots?: 2 | 3 | undefined;
}

/** Slots of unpacked archives. */
export function createSlotInstallation({ directory, slots: slotsMax = 3, ...limits }: SlotPlace): Installation {
  const slots = join(directory, "slots");
  const stagingDirectory = join(directory, "staging");
  const pointer = join(directory, "current");
  const slotOf = ({ sha256 }: InstalledVersion): string => join(slots, sha256);
  const findCurrent = async (): Promise<string | undefined> =>
    (await findFile(pointer, { maxBytes: 4096 }))?.toString("utf8").trim();
  const pointTo = ({ sha256 }: InstalledVersion): Promise<void> => writeFileAtomically(pointer, `slots/${sha256}\n`);
  const isWhole = async (version: InstalledVersion): Promise<boolean> =>
    (await findFile(`${slotOf(version)}.whole`, { maxBytes: 16 })) !== undefined && isDirectory(slotOf(version));

  return {
    stagingDirectory,
    directories: [slots, stagingDirectory],
    seeds: [],
    currentPath: slotOf,
    async inspect(version) {
      const named = await findCurrent();
      const isOther = named !== undefined && named !== `slots/${version.sha256}`;
      return isOther ? "changed" : named !== undefined && (await isWhole(version)) ? "whole" : "missing";
    },
    holds: async (version) => (await findCurrent()) === `slots/${version.sha256}` && isWhole(version),
    identify: async () => undefined,
    findBefore: async (installed) => installed,
    keeps: isWhole,
    async place(staged, { next, previous }, options) {
      if (previous === undefined) verifyPointer(await findCurrent(), pointer);
      if (slotsMax === 2)
        await keepSlots(slots, [next.sha256, previous?.sha256, basename((await findCurrent()) ?? "")]);
      if (!(await isWhole(next))) await unpackSlot(staged, slotOf(next), { next, limits, options });
      options.signal?.throwIfAborted();
      await pointTo(next);
    },
    restore: pointTo,
    async keepOnly(versions) {
      const hashes = versions.map(({ sha256 }) => sha256);
      await keepSlots(slots, hashes);
      await removeOthers(stagingDirectory, { made: [stagedName], wanted: new Set() });
    },
  };
}

/** @throws AgentError AGENT_STATE_FOREIGN before the first installation, if another program's file has the pointer's name */
function verifyPointer(named: string | undefined, path: string): void {
  if (named === undefined || /^slots\/[0-9a-f]{64}$/.test(named)) return;
  const message = `${path} was there before the agent and names no slot; move it away, or choose another directory`;
  throw new AgentError("AGENT_STATE_FOREIGN", message, { details: { path } });
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** A slot, its mark, and one that is being unpacked; and a mark that was being written. */
const slotName = /^(?:[0-9a-f]{64}(?:\.whole|\.new)?|\.dtuf-tmp-[0-9a-f]{16})$/;

async function keepSlots(slots: string, hashes: readonly (string | undefined)[]): Promise<void> {
  const wanted = new Set(hashes.flatMap((sha256) => [`${sha256}`, `${sha256}.whole`]));
  await removeOthers(slots, { made: [slotName], wanted });
}

interface SlotContent {
  readonly next: InstalledVersion;
  readonly limits: UnpackLimits;
  readonly options: InstallOptions;
}

/** The archive is verified as a whole before it is parsed. The slot gets its name when all of it is unpacked. */
async function unpackSlot(staged: string, slot: string, { next, limits, options }: SlotContent): Promise<void> {
  const temporary = `${slot}.new`;
  const clear = (path: string): Promise<void> =>
    fileCall(path, () => rm(path, { recursive: true, force: true, maxRetries: 3 }));
  await clear(temporary);
  await clear(slot);
  try {
    await createDirectory(temporary);
    await unpackStaged(staged, temporary, { next, limits, options });
    await fileCall(slot, () => renameWithRetries(temporary, slot));
    await syncDirectory(join(slot, ".."));
    await writeFileAtomically(`${slot}.whole`, "");
  } catch (error) {
    // The mark first: a slot that has one is used without another look.
    for (const left of [`${slot}.whole`, slot, temporary]) await clear(left).catch(() => undefined);
    throw error;
  }
}

async function unpackStaged(staged: string, directory: string, { next, limits, options }: SlotContent): Promise<void> {
  const archive = await openVerifiedFile(staged, next, options);
  try {
    await unpackArchive(archive, directory, limits);
  } finally {
    await archive.close();
  }
}
