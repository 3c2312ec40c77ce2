/**
 * Several repositories, each with a root of its own, that must agree on a target (TAP 4).
 *
 * Guaranteed: a target is given out only where as many repositories as its mapping wants list it with the same length and
 * the same hashes. A repository that cannot be asked does not agree, and is no reason for going on to a weaker mapping:
 * whoever can cut one off could choose the mapping otherwise.
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

export interface MapCopyOptions extends Omit<CopyOptions, "source" | "place"> {
  readonly map: MapFile;
  /** By repository's name: the root.json that it is pinned to, the first time. */
  readonly roots: ReadonlyMap<string, Uint8Array>;
  /** Makes a source of what the map file says of a repository. Called for each of them before anything else is done. */
  readonly openSource: (name: string, places: readonly string[]) => Source;
}

/** A target with the repositories that agree on it. */
export interface AgreedTarget extends TargetInfo {
  /** Names, in the mapping's order. */
  readonly repositories: readonly string[];
}

export interface MapCopy {
  /**
   * Refreshes first, those repositories that the target's mappings name.
   * @throws CopyError COPY_SOURCE_INVALID where they disagree; where too few can be asked, what the first of the others threw
   */
  findTarget(path: TargetPath, options?: CallOptions): Promise<AgreedTarget | undefined>;
  /** From the first of the agreeing repositories that has it. Verified before the first byte is yielded. */
  openTarget(target: AgreedTarget, options?: CallOptions): Promise<ByteStream>;
  saveTarget(target: AgreedTarget, destination: string, options?: SaveOptions): Promise<void>;
}

/** @throws TypeError where a repository has no root */
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
  // The name is whoever wrote the map's: its hash is a directory's name, it is not.
  const own = join(directory, createHash("sha256").update(name).digest("hex"));
  const source = openSource(name, places);
  return { name, root, copy: createCopy({ ...shared, source, place: places[0] ?? name, directory: own }) };
}

/** Failed: could not be asked, or what it said was refused. */
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

/** Pins where nothing is pinned yet. */
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

/** The same text for the same length and hashes. */
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
  const wanted = `${threshold} repositories must agree on it`;
  return new CopyError("COPY_SOURCE_INVALID", `${JSON.stringify(path)} is not agreed on: ${wanted}`, {
    details: { path, wanted: threshold, listedBy: found },
  });
}

function named(repositories: ReadonlyMap<string, Repository>, names: readonly string[]): readonly Repository[] {
  return names.flatMap((name) => repositories.get(name) ?? []);
}

/** Each repository keeps the target under names of its own, so each is asked for its own description of it. */
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
