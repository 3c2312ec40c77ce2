/** The images below a directory: in skopeo's form, in layouts, or in an archive of one. */
import { lstat, readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { isDigest, isTag } from "@dtuf/registry";
import { fileError, findRegularFile, isErrno } from "@dtuf/registry/files";
import { createLayoutRegistry, createLayoutStore } from "@dtuf/registry/layout";
import { createDirStore } from "../directories/dir-store.ts";
import { MirrorError } from "../errors.ts";
import { directoryDepthMax } from "../limits.ts";
import { joinSources, listRepository, type ListingOptions } from "./list-sources.ts";
import type { Place } from "../place.ts";
import type { SourceImage, Sources } from "./source.ts";
import { compareText } from "./tag-filters.ts";

/** Links between directories are not followed. @throws MirrorError MIRROR_IMAGE_MISSING, MIRROR_NOTHING_TO_SYNC */
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

/** skopeo's directories carry tag or digest in their names. */
function splitName(name: string): Pick<SourceImage, "repository" | "tag" | "digest"> {
  const [, before, digest] = /^(.+)@([^/]+)$/.exec(name) ?? [];
  if (before !== undefined && digest !== undefined && isDigest(digest)) return { repository: before, digest };
  const [, repository, tag] = /^(.+):([^/:]+)$/.exec(name) ?? [];
  return repository !== undefined && tag !== undefined && isTag(tag) ? { repository, tag } : { repository: name };
}

/** One layout, or a directory of them. @throws MirrorError MIRROR_NOTHING_TO_SYNC */
export async function listLayouts(
  { text, tag }: Place,
  { now, ...options }: ListingOptions & { readonly now: () => Date },
): Promise<Sources> {
  const root = resolve(text);
  const list = (directory: string, repository: string, kind: "layout" | "repository"): Promise<Sources> => {
    const at = {
      store: createLayoutStore({ directory, now }),
      realm: "oci:source",
      name: directory,
      distance: "local",
    } as const;
    const shown = `oci:${directory}`;
    const selection =
      tag === undefined
        ? ({ kind: "matching", test: () => true } as const)
        : ({ kind: "named", names: [tag] } as const);
    return listRepository({ repository, kind, shown, mapped: options.map?.get(repository), at }, [selection], options);
  };
  if ((await findRegularFile(join(root, "oci-layout"))) !== undefined) return list(root, basename(root), "layout");
  const all: Sources[] = [];
  for await (const name of createLayoutRegistry({ root, now }).listRepositories({ signal: options.signal })) {
    all.push(await list(join(root, ...name.split("/")), name, "repository"));
  }
  if (all.length > 0) return joinSources(all);
  throw new MirrorError("MIRROR_NOTHING_TO_SYNC", `no layouts found in ${text}`, { details: { path: text } });
}
