/**
 * What a team's machine keeps beside the record: `team/memory.json`, the proposals that it has seen and signed, and
 * `team/<sha256 of the role's name>.json`, the staged changes of a delegated role. Each is replaced atomically.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { findFile, writeFileAtomically } from "@dtuf/registry/files";
import type { RoleName } from "@dtuf/tuf";
import {
  encodeRoleChanges,
  isEmpty,
  noChanges,
  parseRoleChanges,
  type RoleChanges,
} from "../documents/role-changes.ts";
import { encodeMemory, noMemory, parseMemory, type TeamMemory } from "../documents/team-memory.ts";
import { stagedRoleMaxBytes, stateMaxBytes } from "../limits.ts";
import { createOwnDirectory, listNames, removeFile } from "./own-directory.ts";

export interface TeamFiles {
  readMemory(): Promise<TeamMemory>;
  saveMemory(memory: TeamMemory): Promise<void>;
  readRoleChanges(role: RoleName): Promise<RoleChanges>;
  saveRoleChanges(role: RoleName, changes: RoleChanges): Promise<void>;
  /** Staged changes of all roles. */
  readAllRoleChanges(): Promise<readonly RoleChanges[]>;
}

export function createTeamFiles(directory: string): TeamFiles {
  const team = join(directory, "team");
  const memoryFile = join(team, "memory.json");
  const roleFile = (role: RoleName): string =>
    join(team, `role-${createHash("sha256").update(role).digest("hex")}.json`);
  const write = async (file: string, text: string): Promise<void> => {
    await createOwnDirectory(directory, "team");
    await writeFileAtomically(file, text, { mode: 0o600 });
  };
  const readChanges = async (file: string): Promise<RoleChanges> => {
    const bytes = await findFile(file, { maxBytes: stagedRoleMaxBytes });
    return bytes === undefined ? noChanges : parseRoleChanges(bytes, file);
  };
  return {
    async readMemory() {
      const bytes = await findFile(memoryFile, { maxBytes: stateMaxBytes });
      return bytes === undefined ? noMemory : parseMemory(bytes, memoryFile);
    },
    saveMemory: (memory) => write(memoryFile, encodeMemory(memory)),
    readRoleChanges: (role) => readChanges(roleFile(role)),
    saveRoleChanges: (role, changes) =>
      isEmpty(changes) ? removeFile(roleFile(role)) : write(roleFile(role), encodeRoleChanges(role, changes)),
    async readAllRoleChanges() {
      const names = (await listNames(team)).filter((name) => /^role-[0-9a-f]{64}\.json$/.test(name));
      return Promise.all(names.map((name) => readChanges(join(team, name))));
    },
  };
}
