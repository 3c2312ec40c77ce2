/** Lists the images of a source. A repository that cannot be listed is one failure; the others are still listed. */
import {
  hasCapability,
  isDigest,
  isDockerHub,
  isTag,
  parseDigest,
  parseReference,
  parseTag,
  type Digest,
  type ReadStore,
  type TagName,
} from "@dtuf/registry";
import { isSignatureTag } from "../images/copy-referrers.ts";
import { MirrorError } from "../errors.ts";
import type { ListedRegistry } from "./source-list.ts";
import type { ListedRepository, SourceFailure, SourceImage, Sources } from "./source.ts";
import { filterTags, type TagFilters } from "./tag-filters.ts";
import type { TagTest } from "./tag-pattern.ts";
import type { Located } from "../images/transfers.ts";

/** Opens repositories of the source registries. */
export interface SourceRegistries {
  /** @param listed the settings of that registry in the list */
  repository(host: string, repository: string, listed?: ListedRegistry): Promise<ReadStore>;
}

export interface ListingOptions {
  readonly filters?: TagFilters | undefined;
  /** "leave": skips cosign's signature tags. Default "take". */
  readonly signatures?: "take" | "leave" | undefined;
  /** Names at the destination, by the whole name of the source (`host/repository`). */
  readonly map?: ReadonlyMap<string, string> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Named tags, digests and `tag@digest`; or the tags that a test matches. */
export type Selection =
  | { readonly kind: "named"; readonly names: readonly string[] }
  | { readonly kind: "matching"; readonly test: TagTest };

export interface Repository {
  /** `docker.io/library/busybox` */
  readonly repository: string;
  readonly kind: SourceImage["kind"];
  /** Name for display, to be followed by `:tag`. */
  readonly shown: string;
  readonly mapped: string | undefined;
  readonly at: Located;
}

/** A parsed `host/repository[:tag][@digest]`. Without a host it is Docker Hub's. */
export interface DockerSource {
  readonly registry: string;
  readonly repository: string;
  readonly image: string | undefined;
}

/** @throws OciError OCI_REFERENCE_INVALID, OCI_TAG_INVALID, OCI_DIGEST_INVALID */
export function parseDockerSource(text: string): DockerSource {
  const slash = text.indexOf("/");
  const hasHost = slash > 0 && /[.:]|^localhost$/.test(text.slice(0, slash));
  const { registry, repository, tag, digest } = parseReference(hasHost ? text : `docker.io/${text}`);
  const image = digest === undefined ? tag : tag === undefined ? digest : `${tag}@${digest}`;
  return { registry, repository: fullName(registry, repository), image };
}

/** Adds `library/` to the names of Docker Hub's own repositories. */
export function fullName(registry: string, repository: string): string {
  return isDockerHub(registry) && !repository.includes("/") ? `library/${repository}` : repository;
}

/** @throws as `parseDockerSource` */
export async function listDockerSource(
  source: DockerSource,
  registries: SourceRegistries,
  options: ListingOptions,
): Promise<Sources> {
  const repository = await openDocker(source, { registries, options });
  const selection: Selection =
    source.image === undefined ? { kind: "matching", test: () => true } : { kind: "named", names: [source.image] };
  return listRepository(repository, [selection], options);
}

/** @param listed the settings of that registry in a list */
export async function openDocker(
  { registry, repository }: Pick<DockerSource, "registry" | "repository">,
  {
    registries,
    options,
    listed,
  }: { readonly registries: SourceRegistries; readonly options: ListingOptions; readonly listed?: ListedRegistry },
): Promise<Repository> {
  const store = await registries.repository(registry, repository, listed);
  const name = `${registry}/${repository}`;
  const [, own] = [...(listed?.map ?? [])].find(([key]) => fullName(registry, key) === repository) ?? [];
  return {
    repository: name,
    kind: "repository",
    shown: `docker://${name}`,
    mapped: own ?? options.map?.get(name),
    at: { store, realm: `docker:${registry}`, name: repository, distance: "remote" },
  };
}

export function joinSources(all: readonly Sources[]): Sources {
  return {
    images: all.flatMap(({ images }) => images),
    listed: all.flatMap(({ listed }) => listed),
    failures: all.flatMap(({ failures }) => failures),
    count: all.reduce((sum, { count }) => sum + count, 0),
  };
}

/** Lists the images of one repository that any of the selections selects. */
export async function listRepository(
  repository: Repository,
  selections: readonly Selection[],
  options: ListingOptions,
): Promise<Sources> {
  const failures: SourceFailure[] = [];
  const images: SourceImage[] = [];
  const { kind, mapped, at, shown } = repository;
  const describe = (tag: TagName | undefined, digest: Digest | undefined): SourceImage => {
    const name = `${shown}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
    return { name, kind, repository: repository.repository, mapped, tag, digest, at };
  };
  for (const text of selections.flatMap((each) => (each.kind === "named" ? each.names : []))) {
    try {
      const { tag, digest } = parseImage(text);
      images.push(describe(tag, digest));
    } catch (error) {
      failures.push({ name: `${shown}:${text}`, error, of: repository });
    }
  }
  const tests = selections.flatMap((each) => (each.kind === "matching" ? [each.test] : []));
  const listed = tests.length === 0 ? undefined : await listTags(repository, failures, options);
  for (const tag of listed === undefined ? [] : await selectTags(listed, tests, options))
    images.push(describe(tag, undefined));
  const unique = [...new Map(images.map((image) => [image.name, image])).values()];
  const known: ListedRepository | undefined = listed && {
    repository: repository.repository,
    mapped,
    kind,
    at,
    tags: listed,
  };
  return { images: unique, listed: known === undefined ? [] : [known], failures, count: 1 };
}

/** Parses `1.30`, `sha256:…` or `1.30@sha256:…`. @throws OciError OCI_TAG_INVALID, OCI_DIGEST_INVALID */
function parseImage(text: string): { readonly tag: TagName | undefined; readonly digest: Digest | undefined } {
  if (isDigest(text)) return { tag: undefined, digest: text };
  const at = text.indexOf("@");
  if (at < 0) return { tag: parseTag(text), digest: undefined };
  return { tag: parseTag(text.slice(0, at)), digest: parseDigest(text.slice(at + 1)) };
}

/** The tags that at least one test matches and no filter leaves out. */
export function selectTags(
  tags: ReadonlySet<TagName>,
  tests: readonly TagTest[],
  { filters = {}, signatures = "take" }: ListingOptions,
): Promise<readonly TagName[]> {
  const matching = [...tags].filter((tag) => tests.some((matches) => matches(tag)));
  return filterTags(signatures === "take" ? matching : matching.filter((tag) => !isSignatureTag(tag)), filters);
}

async function listTags(
  repository: Repository,
  failures: SourceFailure[],
  { signal }: ListingOptions,
): Promise<ReadonlySet<TagName> | undefined> {
  const { at, shown } = repository;
  try {
    if (!hasCapability(at.store, "listTags")) throw new TypeError(`${shown} cannot list its tags`);
    const tags = new Set<TagName>();
    for await (const tag of at.store.listTags({ signal })) if (isTag(tag)) tags.add(tag);
    if (tags.size > 0) return tags;
    throw new MirrorError("MIRROR_NOTHING_TO_SYNC", `${shown} has no tags`, { details: { repository: shown } });
  } catch (error) {
    signal?.throwIfAborted();
    failures.push({ name: shown, error, of: repository });
    return undefined;
  }
}
