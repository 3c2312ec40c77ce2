/** Lists the images in skopeo's form below a directory. */
import { lstat, readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { isDigest, isTag } from "@dtuf/registry";
import { fileError, findRegularFile, isErrno } from "@dtuf/registry/files";
import { createDirStore } from "../directories/dir-store.ts";
import { MirrorError } from "../errors.ts";
import { directoryDepthMax } from "../limits.ts";
import type { ListingOptions } from "./list-sources.ts";
import type { SourceImage, Sources } from "./source.ts";
import { compareText } from "./tag-filters.ts";

/** Does not follow links to directories. @throws MirrorError MIRROR_IMAGE_MISSING, MIRROR_NOTHING_TO_SYNC */
export async function listImageDirectories(
  path: string,
  { now, map }: Pick<ListingOptions, "map"> & { readonly now: () => Date },
): Promise<Sources> {
  const base = resolve(path);
  await verifyDirectory(base);
  const images: SourceImage[] = [];
  for (const directory of await findImageDirectories(base, 0)) {
    const name = directory === base ? basename(base) : relative(base, directory);
    const named = splitName(name.split("\\").join("/"));
    const store = createDirStore({ directory, now });
    const at = { store, realm: "dir:source", name: directory, distance: "local" } as const;
    images.push({ name: `dir:${directory}`, kind: "directory", ...named, mapped: map?.get(named.repository), at });
  }
  if (images.length > 0) return { images, listed: [], failures: [], count: 1 };
  throw new MirrorError("MIRROR_NOTHING_TO_SYNC", `no images to sync found in ${path}`, { details: { path } });
}

async function verifyDirectory(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isDirectory()) return;
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw fileError(error, path);
  }
  throw new MirrorError("MIRROR_IMAGE_MISSING", `there is no directory ${path}`, { details: { path } });
}

async function findImageDirectories(directory: string, depth: number): Promise<readonly string[]> {
  if ((await findRegularFile(join(directory, "manifest.json"))) !== undefined) return [directory];
  if (depth >= directoryDepthMax) return [];
  const found: string[] = [];
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(error, directory);
  });
  for (const { name } of entries
    .filter((entry) => entry.isDirectory())
    .toSorted((a, b) => compareText(a.name, b.name))) {
    found.push(...(await findImageDirectories(join(directory, name), depth + 1)));
  }
  return found;
}

/** Names of skopeo's directories contain the tag or the digest. */
function splitName(name: string): Pick<SourceImage, "repository" | "tag" | "digest"> {
  const [, before, digest] = /^(.+)@([^/]+)$/.exec(name) ?? [];
  if (before !== undefined && digest !== undefined && isDigest(digest)) return { repository: before, digest };
  const [, repository, tag] = /^(.+):([^/:]+)$/.exec(name) ?? [];
  return repository !== undefined && tag !== undefined && isTag(tag) ? { repository, tag } : { repository: name };
}
