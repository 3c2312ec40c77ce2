/**
 * Deletes at the destination what is gone at the source: tags of repositories whose tags were all listed, and of which
 * nothing failed. A filter does not make a tag gone. Directories in skopeo's form are removed by files of that form only.
 */
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hasCapability, isTag, OciError, type TagName } from "@dtuf/registry";
import { fileError, isErrno } from "@dtuf/registry/files";
import { destinationKey, nameDestination, type Destination } from "./destinations/naming.ts";
import type { ImageReport } from "./report.ts";
import { findRegularFile } from "./directories/regular-file.ts";
import type { ListedRepository, SourceImage, Sources } from "./sources/source.ts";
import type { SettledOptions } from "./sync-options.ts";
import { compareText } from "./sources/tag-filters.ts";

type DeleteOptions = Pick<SettledOptions, "naming" | "destinations" | "mode" | "signal" | "onImage">;

export async function deleteGone(
  { listed }: Sources,
  done: readonly ImageReport[],
  options: DeleteOptions,
): Promise<readonly ImageReport[]> {
  const reports: ImageReport[] = [];
  for (const repository of listed) {
    const shown = imageOf(repository, undefined).name;
    const failed = done.some(
      ({ status, source }) => (status === "failed" || status === "skipped") && source?.startsWith(shown) === true,
    );
    if (failed) continue;
    for (const destination of await findGone(repository, options)) {
      const report = await deleteOne(destination, options);
      reports.push(report);
      options.onImage?.(report);
    }
  }
  return reports;
}

function imageOf({ repository, mapped, kind, at }: ListedRepository, tag: TagName | undefined): SourceImage {
  const shown = kind === "repository" && at.distance === "remote" ? `docker://${repository}` : `oci:${at.name}`;
  return { name: shown, kind, repository, mapped, tag, at };
}

/** What is at the destination under a name that some tag of the source would have, and no tag of it has. */
async function findGone(
  repository: ListedRepository,
  { naming, destinations, signal }: DeleteOptions,
): Promise<readonly Destination[]> {
  const [first] = repository.tags;
  if (first === undefined || naming.destination.tag !== undefined) return [];
  const { appendSuffix } = naming;
  const example = nameDestination(imageOf(repository, first), naming);
  const present = example.kind === "dir" ? await tagsOfDirectories(example.directory, `${first}${appendSuffix}`) : [];
  if (example.kind !== "dir") {
    const { store } = (await destinations.locate(example)).at;
    if (hasCapability(store, "listTags")) for await (const tag of store.listTags({ signal })) present.push(tag);
  }
  return present
    .filter((tag) => tag.endsWith(appendSuffix) && tag !== appendSuffix)
    .map((tag) => tag.slice(0, tag.length - appendSuffix.length))
    .filter((tag): tag is TagName => isTag(tag) && !repository.tags.has(tag))
    .toSorted(compareText)
    .map((tag) => nameDestination(imageOf(repository, tag), naming));
}

/** Beside `…/busybox:1.36`: what else begins with `busybox:` and is an image. */
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

/** Only a directory that holds an image and nothing else goes, and it goes at once: it is renamed before it is emptied. */
async function removeImage(directory: string): Promise<void> {
  try {
    const names = await readdir(directory);
    if (!names.every((name) => ownFile.test(name) || name.startsWith(".dtuf-tmp-"))) return;
    const doomed = join(dirname(directory), `.dtuf-gone-${basename(directory)}`);
    await rm(doomed, { recursive: true, force: true });
    await rename(directory, doomed);
    await rm(doomed, { recursive: true, force: true });
  } catch (error) {
    throw fileError(error, directory);
  }
}
