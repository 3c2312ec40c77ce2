/**
 * Node keeps compiled code of an installed program, so that the next start need not compile it. Node's own default is a
 * directory below the shared temporary one, in which another user could place code. This one belongs to the user alone.
 */
import { lstatSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";

export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: string;
  /** Undefined on Windows, where the directory's own access rules protect it. */
  readonly userId: number | undefined;
}

/** Does nothing if there is no directory that is safe and can be written. Never throws. */
export function keepCompiledCode(machine: Machine): void {
  const directory = findOwnDirectory(machine);
  if (directory !== undefined) enableCompileCache(directory);
}

/** Made if it is missing. Undefined: it cannot be made, or somebody else could write in it. */
export function findOwnDirectory(machine: Machine): string | undefined {
  const directory = join(cacheHome(machine), "dtuf", "compiled");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = lstatSync(directory);
    if (!found.isDirectory()) return undefined;
    const isOwn = machine.userId === undefined || (found.uid === machine.userId && (found.mode & 0o022) === 0);
    return isOwn ? directory : undefined;
  } catch {
    return undefined;
  }
}

function cacheHome({ env, home, platform }: Machine): string {
  if (platform === "win32") return env["LOCALAPPDATA"] ?? join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Caches");
  // The XDG base directory specification: a relative path is ignored.
  const given = env["XDG_CACHE_HOME"] ?? "";
  return given.startsWith("/") ? given : join(home, ".cache");
}
