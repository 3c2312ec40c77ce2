/**
 * The map file of TAP 4: which repositories must agree on a target. The whole file is checked before any part of it is
 * used. An unknown member is refused, because a misspelled threshold would otherwise be ignored.
 * Names of repositories are only names: never paths, never URLs.
 */
import { matchesPath, parseJson, TufError, type Json, type JsonObject, type TargetPath } from "@dtuf/tuf";
import { CopyError } from "../errors.ts";
import { mapFileMaxBytes } from "../limits.ts";

export interface MapFile {
  /** By name: the locations of the repository as the file lists them, in order of preference (TAP 4: URLs of mirrors). */
  readonly repositories: ReadonlyMap<string, readonly string[]>;
  /** In order of trust. */
  readonly mappings: readonly Mapping[];
}

export interface Mapping {
  /** TUF's path patterns: `*` and `?` within a segment. */
  readonly paths: readonly string[];
  /** Names, each once, each a key of `MapFile.repositories`. */
  readonly repositories: readonly string[];
  /** How many of the repositories must agree: from 1 to their number. */
  readonly threshold: number;
  /** Whether the search for a path that matches ends with this mapping. */
  readonly terminating: boolean;
}

/** @throws CopyError COPY_SOURCE_INVALID with the problem */
export function parseMapFile(bytes: Uint8Array): MapFile {
  if (bytes.length > mapFileMaxBytes)
    throw invalid(`it has ${bytes.length} bytes; at most ${mapFileMaxBytes} are read`);
  const file = objectOf(parse(bytes), "the file", ["repositories", "mapping"]);
  const repositories = parseRepositories(file["repositories"]);
  const mappings = listOf(file["mapping"], "mapping").map((mapping) => parseMapping(mapping, repositories));
  return { repositories, mappings };
}

export function findMappings({ mappings }: MapFile, path: TargetPath): readonly Mapping[] {
  const matching = mappings.filter(({ paths }) => paths.some((pattern) => matchesPath(pattern, path)));
  const last = matching.findIndex(({ terminating }) => terminating);
  return last === -1 ? matching : matching.slice(0, last + 1);
}

function parse(bytes: Uint8Array): Json {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (!TufError.is(error)) throw error;
    throw invalid(error.message, error);
  }
}

function parseRepositories(json: Json | undefined): MapFile["repositories"] {
  const repositories = new Map<string, readonly string[]>();
  for (const [name, places] of Object.entries(objectOf(json, "repositories"))) {
    if (name === "") throw invalid("a repository has no name");
    repositories.set(name, textsOf(places, `the locations of ${JSON.stringify(name)}`));
  }
  return repositories;
}

function parseMapping(json: Json, known: MapFile["repositories"]): Mapping {
  const mapping = objectOf(json, "a mapping", ["paths", "repositories", "threshold", "terminating"]);
  const paths = textsOf(mapping["paths"], "a mapping's paths");
  const repositories = textsOf(mapping["repositories"], "a mapping's repositories");
  const unknown = repositories.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw invalid(`a mapping names ${JSON.stringify(unknown)}, which is not a repository of the file`);
  if (new Set(repositories).size !== repositories.length) throw invalid("a mapping names a repository twice");
  const { threshold, terminating = false } = mapping;
  if (typeof threshold !== "number" || threshold < 1 || threshold > repositories.length) {
    throw invalid(`the threshold of a mapping is ${JSON.stringify(threshold)}; wanted 1 to ${repositories.length}`);
  }
  if (typeof terminating !== "boolean") throw invalid("the member terminating of a mapping is neither true nor false");
  return { paths, repositories, threshold, terminating };
}

function objectOf(json: Json | undefined, what: string, members?: readonly string[]): JsonObject {
  if (typeof json !== "object" || json === null || isList(json)) throw invalid(`${what} is not an object`);
  const unknown = members && Object.keys(json).find((name) => !members.includes(name));
  if (unknown !== undefined) throw invalid(`${what} has an unknown member ${JSON.stringify(unknown)}`);
  return json;
}

function listOf(json: Json | undefined, what: string): readonly Json[] {
  if (json === undefined || !isList(json) || json.length === 0) throw invalid(`${what} is not a list, or is empty`);
  return json;
}

function textsOf(json: Json | undefined, what: string): readonly string[] {
  return listOf(json, what).map((text) => {
    if (typeof text !== "string" || text === "") throw invalid(`${what} must be texts that are not empty`);
    return text;
  });
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

function invalid(problem: string, cause?: unknown): CopyError {
  return new CopyError("COPY_SOURCE_INVALID", `not a map file: ${problem}`, { cause });
}
