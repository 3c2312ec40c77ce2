/**
 * Node keeps compiled code of an installed program, so that the next start need not compile it. Node's own default is a
 * directory below the shared temporary one, in which another user could place code. This one belongs to the user alone.
 */
import { lstatSync, mkdirSync, statSync, type Stats } from "node:fs";
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

/** Made if it is missing. Undefined: it cannot be made, or somebody else could write in it or replace it. */
export function findOwnDirectory(machine: Machine): string | undefined {
  const above = cacheHome(machine);
  const own = join(above, "dtuf");
  const directory = join(own, "compiled");
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { userId } = machine;
    const found = [lstatSync(own), lstatSync(directory)];
    if (!found.every((each) => each.isDirectory())) return undefined;
    if (userId === undefined) return directory;
    const isOwn = found.every(({ uid, mode }) => uid === userId && (mode & 0o022) === 0);
    return isOwn && keepsNames(statSync(above), userId) ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody but the user and root can rename the user's files in it: others cannot write there, or it is sticky. */
function keepsNames({ uid, mode }: Stats, userId: number): boolean {
  return (uid === userId || uid === 0) && ((mode & 0o022) === 0 || (mode & 0o1000) !== 0);
}

function cacheHome({ env, home, platform }: Machine): string {
  if (platform === "win32") return env["LOCALAPPDATA"] ?? join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Caches");
  // The XDG base directory specification: a relative path is ignored.
  const given = env["XDG_CACHE_HOME"] ?? "";
  return given.startsWith("/") ? given : join(home, ".cache");
}
