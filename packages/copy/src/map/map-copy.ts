/**
 * Several repositories, each with a root of its own, that must agree on a target (TAP 4).
 *
 * Guaranteed: a target is returned only if as many repositories as its mapping requires list it with the same length and
 * the same hashes. A repository that cannot be asked does not agree. It is no reason to continue with a weaker mapping,
 * because an attacker who can cut off a repository could otherwise choose the mapping.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ByteStream } from "@dtuf/registry";
import type { TargetPath } from "@dtuf/tuf";
import type { CallOptions, CopyOptions, SaveOptions } from "../calls.ts";
import { createCopy, type Copy } from "../copy.ts";
import { isCallbackFault } from "../callbacks.ts";
import { CopyError } from "../errors.ts";
import { firstThatWorks } from "../sources/first-that-works.ts";
import { findMappings, type MapFile, type Mapping } from "./map-file.ts";
import type { Source, TargetInfo } from "../sources/source.ts";
import type { SaveOutcome } from "../targets/ways.ts";

export interface MapCopyOptions extends Omit<CopyOptions, "source" | "place"> {
  readonly map: MapFile;
  /** By the name of the repository: the root.json to pin if nothing is pinned yet. */
  readonly roots: ReadonlyMap<string, Uint8Array>;
  /**
   * Creates the source of a repository from its locations in the map file. Called for every repository before any other
   * work.
   */
  readonly openSource: (name: string, places: readonly string[]) => Source;
}

/** A target, and the repositories that agree on it. */
export interface AgreedTarget extends TargetInfo {
  /** Names, in the order of the mapping. */
  readonly repositories: readonly string[];
}

export interface MapCopy {
  /**
   * First refreshes the repositories that the mappings of the target name.
   * @throws CopyError COPY_SOURCE_INVALID if they disagree; if too few can be asked, the error of the first that failed
   */
  findTarget(path: TargetPath, options?: CallOptions): Promise<AgreedTarget | undefined>;
  /** Opens the target from the first agreeing repository that has it. Verified before the first byte is yielded. */
  openTarget(target: AgreedTarget, options?: CallOptions): Promise<ByteStream>;
  saveTarget(target: AgreedTarget, destination: string, options?: SaveOptions): Promise<SaveOutcome>;
}

/** @throws TypeError if a repository has no root */
export function createMapCopy(options: MapCopyOptions): MapCopy {
  const repositories = new Map<string, Repository>();
  for (const [name, places] of options.map.repositories)
    repositories.set(name, createRepository(name, places, options));
  return {
    async findTarget(path, call) {
      let disagreement: CopyError | undefined;
      for (const mapping of findMappings(options.map, path)) {
        const answers = await askAll(named(repositories, mapping.repositories), path, call);
        const agreed = findAgreed(answers, mapping.threshold);
        if (agreed !== undefined) return agreed;
        throwFailure(answers);
        disagreement ??= describeDisagreement(path, mapping, answers);
      }
      if (disagreement !== undefined) throw disagreement;
      return undefined;
    },
    openTarget: (target, call) =>
      fromFirst(target, { repositories, call }, (copy, found) => copy.openTarget(found, call)),
    saveTarget: (target, destination, call) =>
      fromFirst(target, { repositories, call }, (copy, found) => copy.saveTarget(found, destination, call)),
  };
}

interface Repository {
  readonly name: string;
  readonly copy: Copy;
  readonly root: Uint8Array;
}

function createRepository(name: string, places: readonly string[], options: MapCopyOptions): Repository {
  const { map: _map, roots, openSource, directory, ...shared } = options;
  const root = roots.get(name);
  if (root === undefined) throw new TypeError(`the repository ${JSON.stringify(name)} has no root to pin`);
  // Repository names come from the map file, so the directory is named by their hash.
  const own = join(directory, createHash("sha256").update(name).digest("hex"));
  const source = openSource(name, places);
  return { name, root, copy: createCopy({ ...shared, source, place: places[0] ?? name, directory: own }) };
}

/** `failure`: the repository could not be asked, or its metadata was refused. */
type Answer =
  | { readonly name: string; readonly target: TargetInfo | undefined }
  | { readonly name: string; readonly failure: unknown };

function askAll(
  repositories: readonly Repository[],
  path: TargetPath,
  call: CallOptions | undefined,
): Promise<readonly Answer[]> {
  return Promise.all(
    repositories.map(async (repository): Promise<Answer> => {
      try {
        return { name: repository.name, target: await ask(repository, path, call) };
      } catch (failure) {
        call?.signal?.throwIfAborted();
        if (isCallbackFault(failure)) throw failure;
        return { name: repository.name, failure };
      }
    }),
  );
}

/** Pins the root if nothing is pinned yet. */
async function ask(
  { copy, root }: Repository,
  path: TargetPath,
  call: CallOptions | undefined,
): Promise<TargetInfo | undefined> {
  const refresh = { ...call, delegations: "skip" } as const;
  try {
    await copy.pullMetadata(refresh);
  } catch (error) {
    if (!CopyError.is(error) || error.code !== "COPY_NOT_PINNED") throw error;
    await copy.pullMetadata({ ...refresh, pin: { kind: "root", bytes: root } });
  }
  return copy.findTarget(path, call);
}

function findAgreed(answers: readonly Answer[], threshold: number): AgreedTarget | undefined {
  const groups = Map.groupBy(listed(answers), ({ target }) => contentOf(target));
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined || group.length < threshold) continue;
    return Object.freeze({ ...first.target, repositories: Object.freeze(group.map(({ name }) => name)) });
  }
  return undefined;
}

interface Listed {
  readonly name: string;
  readonly target: TargetInfo;
}

function listed(answers: readonly Answer[]): readonly Listed[] {
  return answers.flatMap((answer) =>
    "target" in answer && answer.target !== undefined ? [{ name: answer.name, target: answer.target }] : [],
  );
}

/** Returns the same text for the same length and hashes. */
function contentOf({ length, hashes }: TargetInfo): string {
  return JSON.stringify([length, ...[...hashes].toSorted(([one], [other]) => (one < other ? -1 : 1))]);
}

function throwFailure(answers: readonly Answer[]): void {
  for (const answer of answers) if ("failure" in answer) throw answer.failure;
}

function describeDisagreement(
  path: TargetPath,
  { threshold }: Mapping,
  answers: readonly Answer[],
): CopyError | undefined {
  const found = listed(answers).map(({ name }) => name);
  if (found.length === 0) return undefined;
  const wanted = `${threshold} repositories must list it with the same length and hashes`;
  return new CopyError("COPY_SOURCE_INVALID", `${JSON.stringify(path)} is refused: ${wanted}`, {
    details: { path, wanted: threshold, listedBy: found },
  });
}

function named(repositories: ReadonlyMap<string, Repository>, names: readonly string[]): readonly Repository[] {
  return names.flatMap((name) => repositories.get(name) ?? []);
}

/**
 * Runs `take` on the first repository that works. Each repository is asked for its own TargetInfo, because blobs and
 * names differ.
 */
async function fromFirst<T>(
  target: AgreedTarget,
  {
    repositories,
    call,
  }: { readonly repositories: ReadonlyMap<string, Repository>; readonly call: CallOptions | undefined },
  take: (copy: Copy, target: TargetInfo) => Promise<T>,
): Promise<T> {
  const attempt = async ({ copy }: Repository): Promise<{ readonly taken: T } | undefined> => {
    const found = await copy.findTarget(target.path, call);
    const isSame = found !== undefined && contentOf(found) === contentOf(target);
    return isSame ? { taken: await take(copy, found) } : undefined;
  };
  const { signal } = call ?? {};
  const candidates = named(repositories, target.repositories);
  const found = await firstThatWorks(candidates, attempt, { signal, isFinal: isCallbackFault });
  if (found !== undefined) return found.taken;
  throw new CopyError("COPY_BLOB_MISSING", `no repository has ${JSON.stringify(target.path)} any more`);
}
