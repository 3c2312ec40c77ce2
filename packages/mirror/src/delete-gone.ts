/**
 * Deletes tags at the destination that the source no longer has. They are computed for each repository of the destination
 * over all sources that are copied into it: a tag stays if any source has it, if a filter left it out, or if this run wrote
 * it. Nothing is deleted from a repository if the tags of one of its sources were not all listed, or if any of its images
 * failed. Tags that are made of an image's digest (the fallback index of referrers, cosign's) belong to their image: they
 * are deleted with its last tag and never before. In directories in skopeo's form, only files of that form are removed.
 */
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { digestHex, hasCapability, isTag, OciError, type Digest, type ReadStore, type TagName } from "@dtuf/registry";
import { fileError, findRegularFile, isErrno, isTemporaryFile, renameWithRetries } from "@dtuf/registry/files";
import { dirLockName } from "./directories/dir-store.ts";
import { MirrorError } from "./errors.ts";
import { destinationKey, nameDestination, type Destination } from "./destinations/naming.ts";
import { isCompanionTag, subjectOfTag } from "./images/copy-referrers.ts";
import type { SyncPlan } from "./plan.ts";
import type { ImageReport } from "./report.ts";
import type { ListedRepository, SourceImage, Sources } from "./sources/source.ts";
import type { ResolvedOptions } from "./sync-options.ts";
import { compareText } from "./sources/tag-filters.ts";

type DeleteOptions = Pick<ResolvedOptions, "naming" | "destinations" | "mode" | "signal" | "onImage">;

/** The sources, the plan and the results of the run so far. */
interface Done {
  readonly sources: Sources;
  readonly plan: SyncPlan;
  readonly images: readonly ImageReport[];
}

export async function deleteGone(done: Done, options: DeleteOptions): Promise<readonly ImageReport[]> {
  const reports: ImageReport[] = [];
  for (const repository of listedDestinations(done, options)) {
    for (const destination of await findGone(repository, options)) {
      const report = await deleteOne(destination, options);
      reports.push(report);
      options.onImage?.(report);
    }
  }
  return reports;
}

/** A repository of the destination, and the tags that stay. */
interface ListedDestination {
  /** One of the sources that are copied into it: all of them give a tag the same destination. */
  readonly source: ListedRepository;
  /** Tags as they are named at the destination. */
  readonly kept: ReadonlySet<string>;
}

/** The repositories for which the origin of every tag is known. */
function listedDestinations({ sources, plan, images }: Done, { naming }: DeleteOptions): readonly ListedDestination[] {
  if (naming.destination.tag !== undefined || sources.failures.some(({ of }) => of === undefined)) return [];
  const keyOf = (of: RepositoryOf): string | undefined => repositoryKey(of, naming);
  const failed = new Set(images.filter(({ status }) => status === "failed" || status === "skipped").map(nameOf));
  const listed = Map.groupBy(sources.listed, keyOf);
  const whole = new Set(sources.listed.map(({ at }) => at));
  const partial = new Set([
    ...[...sources.failures, ...plan.failures].flatMap(({ of }) => (of === undefined ? [] : [keyOf(of)])),
    ...plan.images
      .filter(({ source, name }) => !whole.has(source.at) || failed.has(name))
      .map((each) => keyOf(each.source)),
  ]);
  const written = Map.groupBy(plan.images, ({ source }) => keyOf(source));
  return [...listed].flatMap(([key, repositories]) => {
    const [source] = repositories;
    if (source === undefined || key === undefined || partial.has(key)) return [];
    const tags = [
      ...repositories.flatMap((each) => [...each.tags]),
      ...(written.get(key) ?? []).flatMap(({ source: { tag } }) => (tag === undefined ? [] : [tag])),
    ];
    return [{ source, kept: new Set(tags.map((tag) => `${tag}${naming.appendSuffix}`)) }];
  });
}

function nameOf({ destination }: ImageReport): string | undefined {
  return destination;
}

type RepositoryOf = Pick<SourceImage, "repository" | "mapped" | "kind" | "at">;

const anyTag = "tag" as TagName;

/** Returns undefined if tags of that source have no valid name at the destination, so that none can exist there. */
function repositoryKey(of: RepositoryOf, naming: DeleteOptions["naming"]): string | undefined {
  try {
    return destinationKey(nameDestination(imageOf(of, anyTag), naming));
  } catch (error) {
    if (!MirrorError.is(error)) throw error;
    return undefined;
  }
}

function imageOf({ repository, mapped, kind, at }: RepositoryOf, tag: TagName): SourceImage {
  return { name: repository, kind, repository, mapped, tag, at };
}

/** Finds images at the destination whose names belong to a source, but whose tags no source has. */
async function findGone(
  { source, kept }: ListedDestination,
  { naming, destinations, signal }: DeleteOptions,
): Promise<readonly Destination[]> {
  const { appendSuffix } = naming;
  const example = nameDestination(imageOf(source, anyTag), naming);
  const named = (tag: string): Destination =>
    nameDestination(imageOf(source, tag.slice(0, tag.length - appendSuffix.length) as TagName), naming);
  const isGone = (tag: string): boolean =>
    tag.endsWith(appendSuffix) && isTag(tag.slice(0, tag.length - appendSuffix.length)) && !kept.has(tag);
  if (example.kind === "dir") {
    const present = await tagsOfDirectories(example.directory, `${anyTag}${appendSuffix}`);
    return present.filter(isGone).toSorted(compareText).map(named);
  }
  const { store } = (await destinations.locate(example)).at;
  if (!hasCapability(store, "listTags")) return [];
  const present: TagName[] = [];
  for await (const tag of store.listTags({ signal })) present.push(tag);
  const gone = present.filter((tag) => isGone(tag) && !isCompanionTag(tag));
  const doomed = await digestsOf(store, gone, signal);
  const staying = present.filter((tag) => !gone.includes(tag) && !isCompanionTag(tag));
  const companions = present.filter((tag) => isCompanionTag(tag) && !kept.has(tag) && isOfOneOf(tag, doomed));
  const held = companions.length === 0 ? new Set<Digest>() : await digestsOf(store, staying, signal);
  const goingWith = companions.filter((tag) => !isOfOneOf(tag, held));
  return [
    ...gone.toSorted(compareText).map(named),
    ...goingWith.toSorted(compareText).map((tag) => ownName(example, tag)),
  ];
}

/** The tag of a companion is made of a digest and never has the suffix of other tags. */
function ownName(example: Destination, tag: TagName): Destination {
  if (example.kind === "docker") return { kind: "docker", reference: { ...example.reference, tag } };
  return example.kind === "layout" ? { ...example, tag } : example;
}

function isOfOneOf(tag: string, digests: ReadonlySet<Digest>): boolean {
  const subject = subjectOfTag(tag);
  return subject !== undefined && [...digests].some((digest) => digestHex(digest).startsWith(subject));
}

async function digestsOf(
  store: ReadStore,
  tags: readonly TagName[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  for (const tag of tags) {
    const found = await store.resolve(tag, { want: "digest", signal });
    if (found !== undefined) digests.add(found.descriptor.digest);
  }
  return digests;
}

/** The tags of the image directories next to `…/busybox:1.36` whose names begin with `busybox:`. */
async function tagsOfDirectories(example: string, tag: string): Promise<string[]> {
  const parent = dirname(example);
  const prefix = basename(example).slice(0, -tag.length);
  const names = await readdir(parent).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw fileError(error, parent);
  });
  const found: string[] = [];
  for (const name of names) {
    const isImage = name.startsWith(prefix) && (await findRegularFile(join(parent, name, "version"))) !== undefined;
    if (isImage) found.push(name.slice(prefix.length));
  }
  return found;
}

async function deleteOne(
  destination: Destination,
  { destinations, mode, signal }: DeleteOptions,
): Promise<ImageReport> {
  const named = { source: undefined, destination: destinationKey(destination) };
  if (mode === "check") return { ...named, status: "would-delete" };
  try {
    if (destination.kind === "dir") await removeImage(destination.directory);
    else {
      const { at, tag } = await destinations.locate(destination);
      if (!hasCapability(at.store, "deleteTag") || tag === undefined)
        throw new OciError("OCI_UNSUPPORTED", "cannot delete");
      await at.store.deleteTag(tag, { signal });
    }
    return { ...named, status: "deleted" };
  } catch (error) {
    signal?.throwIfAborted();
    return { ...named, status: "failed", error };
  }
}

const ownFile = /^(?:version|manifest\.json|[0-9a-f]{64}(?:\.manifest\.json)?|signature-[0-9]+)$/;

/**
 * Only a directory that holds an image and nothing else goes, and it goes at once: it is renamed before it is emptied.
 * @throws MirrorError MIRROR_DIRECTORY_INVALID; FileError
 */
async function removeImage(directory: string): Promise<void> {
  try {
    const names = await readdir(directory);
    const other = names.find((name) => !ownFile.test(name) && !isTemporaryFile(name) && name !== dirLockName);
    if (other !== undefined) {
      throw new MirrorError(
        "MIRROR_DIRECTORY_INVALID",
        `${directory} is not deleted, because it has another file: ${other}`,
        {
          details: { path: directory, got: other },
        },
      );
    }
    const doomed = join(dirname(directory), `.dtuf-gone-${basename(directory)}`);
    await rm(doomed, { recursive: true, force: true });
    await renameWithRetries(directory, doomed);
    await rm(doomed, { recursive: true, force: true });
  } catch (error) {
    throw MirrorError.is(error) ? error : fileError(error, directory);
  }
}
