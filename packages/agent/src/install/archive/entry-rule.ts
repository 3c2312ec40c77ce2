/**
 * Which entries of an archive may be unpacked. Nothing of it is trusted: names that lead out, links that lead out, entries
 * through a link, devices and entries that occur twice are refused, and files, bytes and their number are bounded.
 */
import { posix } from "node:path";
import { isFileName } from "@dtuf/registry/files";
import { AgentError } from "../../errors.ts";

export interface UnpackLimits {
  /** Of all files together. Default: 4 GiB. */
  readonly unpackedMaxBytes?: number | undefined;
  /** Files, directories and links, and directories that have no entry of their own. Default: 200,000. */
  readonly entriesMax?: number | undefined;
}

/** An entry as its archive describes it. */
export interface ArchiveEntry {
  readonly name: string;
  /** "file", "directory", "symlink"; any other word is refused. */
  readonly type: string;
  readonly size: number;
}

/** A name as it is created, and what is created. */
export interface UnpackedEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
}

export const defaultMaxBytes: number = 4 * 1024 ** 3;
export const defaultEntriesMax = 200_000;
/** A system that takes longer paths is not known. */
const nameMaxLength = 1024;

/** Returns a function that verifies the next entry, and returns its clean name. @throws AgentError AGENT_ARCHIVE_INVALID */
export function createEntryRule(limits: UnpackLimits): (entry: ArchiveEntry) => UnpackedEntry {
  const { unpackedMaxBytes = defaultMaxBytes, entriesMax = defaultEntriesMax } = limits;
  const kinds = new Map<string, "directory" | "leaf">();
  let [bytes, count] = [0, 0];
  return ({ name: given, type, size }) => {
    const name = cleanName(given);
    bytes += size;
    if (++count > entriesMax) throw archiveInvalid(`it has more than ${entriesMax} entries`);
    if (bytes > unpackedMaxBytes) throw archiveInvalid(`it unpacks to more than ${unpackedMaxBytes} bytes`);
    if (type !== "file" && type !== "directory" && type !== "symlink")
      throw archiveInvalid(`${shown(given)} is a ${type}`);
    if (name === "." && type !== "directory") throw archiveInvalid(`${shown(given)} is a ${type} and no directory`);
    enterName(kinds, name, type === "directory" ? "directory" : "leaf");
    // Directories that have no entry of their own are created too.
    if (kinds.size > entriesMax) throw archiveInvalid(`it has more than ${entriesMax} entries and directories`);
    return { name, type };
  };
}

/** Files and links have nothing below them, and no name occurs twice on any file system. */
function enterName(kinds: Map<string, "directory" | "leaf">, name: string, kind: "directory" | "leaf"): void {
  const folded = foldName(name);
  for (let end = folded.lastIndexOf("/"); end !== -1; end = folded.lastIndexOf("/", end - 1)) {
    const above = folded.slice(0, end);
    const known = kinds.get(above);
    if (known === "leaf") throw archiveInvalid(`${shown(name)} is below a file or a link`);
    // What is above a directory that is known was entered with it.
    if (known === "directory") break;
    kinds.set(above, "directory");
  }
  const before = kinds.get(folded);
  if (before !== undefined && !(before === "directory" && kind === "directory"))
    throw archiveInvalid(`${shown(name)} is in it twice`);
  kinds.set(folded, kind);
}

/** File systems fold case, by more rules than one, normalise Unicode, and ignore characters that are not visible. */
function foldName(name: string): string {
  const visible = name.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
  return visible.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKC");
}

function cleanName(given: string): string {
  if (given.length > nameMaxLength) throw archiveInvalid(`${shown(given)}… has more than ${nameMaxLength} characters`);
  const parts = given
    .split("/")
    .filter((part, index, all) => part !== "." && !(part === "" && index === all.length - 1));
  const isSafe = parts.every((part) => isFileName(part, "win32")) && !given.startsWith("/");
  if (parts.length === 0) return ".";
  if (!isSafe) throw archiveInvalid(`${shown(given)} leads out of it, or is no name on every system`);
  return parts.join("/");
}

/**
 * The target of a link, if it leads to a name within the archive. `..` stands at its start alone: after another name, which
 * can be a link too, it would lead to a parent that the name does not show. @throws AgentError AGENT_ARCHIVE_INVALID
 */
export function verifyLink(name: string, target: string): string {
  const reached = posix.join(posix.dirname(name), target);
  const isAbsolute = posix.isAbsolute(target) || /^[A-Za-z]:|[\\\0]/.test(target) || target === "";
  const climbsLater = /(?:^|\/)(?!\.\.?(?:\/|$))[^/]+\/(?:.*\/)?\.\.(?:\/|$)/.test(target);
  if (isAbsolute || climbsLater || reached === ".." || reached.startsWith("../"))
    throw archiveInvalid(`the link ${shown(name)} leads out of it`);
  return target;
}

export function archiveInvalid(what: string, cause?: unknown): AgentError {
  return new AgentError("AGENT_ARCHIVE_INVALID", `the archive is not installed: ${what}`, { cause });
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));
