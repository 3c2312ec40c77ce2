/** A place where one version is installed, and the one before it is kept. */
import type { InstalledVersion } from "../state/agent-state.ts";

export interface InstallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many of the staged bytes are installed so far; 0 while they are verified before that. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** What became of an installed version: its bytes are there, other bytes are there, or nothing. */
export type InstalledCondition = "whole" | "changed" | "missing";

export interface Installation {
  /** Where verified bytes wait: on the file system of the place itself, because a rename crosses none. */
  readonly stagingDirectory: string;
  /** Directories that are created for this place. */
  readonly directories: readonly string[];
  /** Files that may have bytes of the next version, so that these are not downloaded. They are verified before they are used. */
  readonly seeds: readonly string[];
  /** Compares the place with this version. Of an archive: whether `current` names its slot, not the files in it. @throws FileError */
  inspect(version: InstalledVersion): Promise<InstalledCondition>;
  /** Whether the place has exactly this version now. */
  holds(version: InstalledVersion): Promise<boolean>;
  /**
   * What is at the place now, and is kept when another version is installed there: the version that is installed, or other content
   * in its place, under its name; of a version that is not known, under the name `unknown`. Undefined if there is nothing.
   */
  findBefore(installed: InstalledVersion | undefined): Promise<InstalledVersion | undefined>;
  /**
   * Installs the staged bytes, which are verified again, by one rename; `previous`, which `findBefore` found, is kept. A cut at any moment leaves the old
   * version or the new one.
   * @throws AgentError AGENT_STAGED_DIFFERS, AGENT_ARCHIVE_INVALID, AGENT_STATE_FOREIGN, AGENT_UNSUPPORTED; FileError FILE_CHANGED if
   *   something else than `previous` is there
   */
  place(
    staged: string,
    versions: { readonly next: InstalledVersion; readonly previous: InstalledVersion | undefined },
    options: InstallOptions,
  ): Promise<void>;
  /** The content that is installed now, by the agent or by an installer; undefined if there is none, or if it cannot be told. */
  identify(): Promise<Pick<InstalledVersion, "sha256" | "length"> | undefined>;
  /** Whether `restore` can install this version again without a request. */
  keeps(version: InstalledVersion): Promise<boolean>;
  /**
   * Installs the kept version again, by one rename. Other content than `instead` that is there now is kept. May be called again after
   * a cut. @throws FileError
   */
  restore(version: InstalledVersion, instead: InstalledVersion): Promise<void>;
  /** Removes all versions but these, and nothing that the agent did not make. @throws FileError */
  keepOnly(versions: readonly InstalledVersion[]): Promise<void>;
  /** What to start or open. */
  currentPath(version: InstalledVersion): string;
}
