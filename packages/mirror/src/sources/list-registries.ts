import { parseRegistryHost, parseRepositoryName } from "@dtuf/registry";
import {
  fullName,
  joinSources,
  listRepository,
  openDocker,
  type ListingOptions,
  type Selection,
  type SourceRegistries,
} from "./list-sources.ts";
import type { ListedRegistry, ListedSelection } from "./source-list.ts";
import type { SourceFailure, Sources } from "./source.ts";
import { parseSemverConstraint, parseTagRegex } from "./tag-pattern.ts";

/**
 * Lists the images of a list of repositories, in the order of the list. A repository that cannot be listed is in `failures`;
 * the others are still listed.
 * @throws the signal's reason
 */
export async function listSourceList(
  list: readonly ListedRegistry[],
  registries: SourceRegistries,
  options: ListingOptions,
): Promise<Sources> {
  const all: Sources[] = [];
  for (const listed of list) {
    for (const selections of Map.groupBy(listed.selections, ({ repository }) => repository).values()) {
      all.push(await listSelections(listed, selections, { registries, options }));
    }
  }
  return joinSources(all);
}

async function listSelections(
  listed: ListedRegistry,
  given: readonly ListedSelection[],
  { registries, options }: { readonly registries: SourceRegistries; readonly options: ListingOptions },
): Promise<Sources> {
  const shown = `docker://${listed.registry}/${given[0]?.repository ?? ""}`;
  const failures: SourceFailure[] = [];
  const selections = given.flatMap((selection) => {
    try {
      return [parseSelection(selection)];
    } catch (error) {
      failures.push({ name: shown, error });
      return [];
    }
  });
  try {
    const registry = parseRegistryHost(listed.registry);
    const repository = parseRepositoryName(fullName(registry, given[0]?.repository ?? ""));
    const opened = await openDocker({ registry, repository }, { registries, options, listed });
    const sources = selections.length === 0 ? nothing : await listRepository(opened, selections, options);
    return { ...sources, count: 1, failures: [...failures, ...sources.failures] };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ...nothing, count: 1, failures: [...failures, { name: shown, error }] };
  }
}

const nothing: Sources = { images: [], listed: [], failures: [], count: 0 };

/** @throws MirrorError MIRROR_PATTERN_INVALID */
function parseSelection({ images, regex, semver }: ListedSelection): Selection {
  if (regex !== undefined) return { kind: "matching", test: parseTagRegex(regex) };
  if (semver !== undefined) return { kind: "matching", test: parseSemverConstraint(semver) };
  if (images === undefined || images.length === 0) return { kind: "matching", test: () => true };
  return { kind: "named", names: images };
}
