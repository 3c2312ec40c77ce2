/**
 * Lists the images of a layout, of a directory of layouts, or of an archive. Other tools name images differently: containerd
 * and `docker save` add a name to the tag, podman and skopeo write a whole reference instead of the tag, some write no name.
 * A layout with images of one repository is named by its directory; in a layout with several, each repository has its name.
 */
import { basename, join, resolve } from "node:path";
import { isTag, OciError, parseFamiliarName, type Descriptor, type TagName } from "@dtuf/registry";
import { findRegularFile } from "@dtuf/registry/files";
import { createLayoutRegistry, createLayoutStore, type LayoutEntry } from "@dtuf/registry/layout";
import { MirrorError } from "../errors.ts";
import type { ImageReference } from "../image-reference.ts";
import { joinSources, selectTags, type ListingOptions, type Repository } from "./list-sources.ts";
import type { Sources } from "./source.ts";

type LayoutOptions = ListingOptions & { readonly now: () => Date };

/** @throws MirrorError MIRROR_NOTHING_TO_SYNC, OciError OCI_LAYOUT_INVALID */
export async function listLayouts(layout: ImageReference, options: LayoutOptions): Promise<Sources> {
  const root = resolve(layout.text);
  const isLayout = await Promise.all(["oci-layout", "index.json"].map((name) => findRegularFile(join(root, name))));
  if (isLayout.some((found) => found !== undefined)) {
    return listLayout({ ...layout, text: root }, { repository: basename(root), kind: "layout" }, options);
  }
  const { now, signal } = options;
  const all: Sources[] = [];
  for await (const name of createLayoutRegistry({ root, now }).listRepositories({ signal })) {
    const each: ImageReference = { ...layout, text: join(root, ...name.split("/")), shown: undefined };
    all.push(await listLayout(each, { repository: name, kind: "repository" }, options));
  }
  if (all.length > 0) return joinSources(all);
  throw new MirrorError("MIRROR_NOTHING_TO_SYNC", `no layouts found in ${layout.text}`, {
    details: { path: layout.text },
  });
}

async function listLayout(
  { text: directory, tag, digest, shown = `oci:${directory}` }: ImageReference,
  own: Pick<Repository, "repository" | "kind">,
  options: LayoutOptions,
): Promise<Sources> {
  const store = createLayoutStore({ directory, now: options.now });
  const open = (named: typeof own, label: string): Repository => ({
    ...named,
    shown: label,
    mapped: options.map?.get(named.repository),
    at: { store, realm: "oci:source", name: directory, distance: "local" },
  });
  const whole = open(own, shown);
  try {
    const entries = (await store.listEntries({ signal: options.signal })).map(parseEntry);
    const tagged = entries.filter((entry) => entry.tag !== undefined);
    if (digest !== undefined || tagged.length === 0) return listByDigest(whole, digest ?? onlyOne(whole, entries));
    const named = Map.groupBy(tagged, ({ repository }) => repository);
    const isMixed = [...named.keys()].filter((name) => name !== undefined).length > 1;
    const groups = isMixed ? [...named] : [[undefined, tagged] as const];
    const wanted = tag === undefined ? groups : [findTag(whole, tag, groups)];
    const listings = wanted.map(([name, images]) =>
      listTagged(
        name === undefined ? whole : open({ repository: name, kind: "repository" }, `${shown}:${name}`),
        { images, tag },
        options,
      ),
    );
    return { ...joinSources(await Promise.all(listings)), count: 1 };
  } catch (error) {
    if (!OciError.is(error) && !MirrorError.is(error)) throw error;
    return { images: [], listed: [], failures: [{ name: shown, error, of: whole }], count: 1 };
  }
}

interface NamedImage {
  readonly repository: string | undefined;
  readonly tag: TagName | undefined;
  readonly descriptor: Descriptor;
}

const containerdName = "io.containerd.image.name";

function parseEntry({ name, descriptor }: LayoutEntry): NamedImage {
  const said = parseName(descriptor.annotations?.get(containerdName));
  if (name !== undefined && isTag(name)) return { repository: said?.repository, tag: name, descriptor };
  return { repository: undefined, tag: undefined, ...(parseName(name) ?? said), descriptor };
}

/** Parses a name such as `docker.io/library/busybox:1.36`. Returns undefined for other text. */
function parseName(text: string | undefined): Pick<NamedImage, "repository" | "tag"> | undefined {
  if (text === undefined) return undefined;
  try {
    const { registry, repository, tag } = parseFamiliarName(text);
    return { repository: `${registry}/${repository}`, tag };
  } catch (error) {
    if (!OciError.is(error)) throw error;
    return undefined;
  }
}

type Group = readonly [name: string | undefined, images: readonly NamedImage[]];

/** @throws MirrorError MIRROR_PLACE_INVALID if images of several repositories have the tag */
function findTag({ shown }: Repository, tag: TagName, groups: readonly Group[]): Group {
  const [first = [undefined, []] as const, ...others] = groups.filter(([, images]) =>
    images.some((image) => image.tag === tag),
  );
  if (others.length === 0) return first;
  const digests = [first, ...others].flatMap(([name, images]) =>
    images.filter((image) => image.tag === tag).map(({ descriptor }) => `${name ?? "?"} ${shown}@${descriptor.digest}`),
  );
  throw new MirrorError("MIRROR_PLACE_INVALID", `${shown}: several images are tagged ${tag}: ${digests.join(", ")}`, {
    details: { tag, got: digests },
  });
}

/** @throws MirrorError MIRROR_NOTHING_TO_SYNC */
function onlyOne({ shown }: Repository, entries: readonly NamedImage[]): Descriptor["digest"] {
  const [first, ...others] = new Set(entries.map(({ descriptor }) => descriptor.digest));
  if (first !== undefined && others.length === 0) return first;
  const what =
    first === undefined ? "has no images" : `has only images without tags: name one by its digest, ${shown}@${first}`;
  throw new MirrorError("MIRROR_NOTHING_TO_SYNC", `${shown} ${what}`, { details: { repository: shown } });
}

function listByDigest({ repository, kind, mapped, shown, at }: Repository, digest: Descriptor["digest"]): Sources {
  const image = { name: `${shown}@${digest}`, kind, repository, mapped, tag: undefined, digest, at };
  return { images: [image], listed: [], failures: [], count: 1 };
}

async function listTagged(
  { repository, kind, mapped, shown, at }: Repository,
  { images, tag: only }: { readonly images: readonly NamedImage[]; readonly tag: TagName | undefined },
  options: ListingOptions,
): Promise<Sources> {
  const found = new Map<TagName, Descriptor>();
  const twice = new Set<TagName>();
  for (const { tag, descriptor } of images) {
    if (tag === undefined) continue;
    if ((found.get(tag) ?? descriptor).digest !== descriptor.digest) twice.add(tag);
    found.set(tag, descriptor);
  }
  const tags = new Set(found.keys());
  const chosen = only === undefined ? await selectTags(tags, [() => true], options) : [only];
  const of = { repository, mapped, kind, at };
  const nameOf = (tag: TagName): string => `${shown}:${tag}`;
  return {
    images: chosen
      .filter((tag) => !twice.has(tag))
      .map((tag) => ({ ...of, name: nameOf(tag), tag, digest: found.get(tag)?.digest })),
    listed: only === undefined ? [{ ...of, tags }] : [],
    failures: chosen.filter((tag) => twice.has(tag)).map((tag) => ({ name: nameOf(tag), error: namesTwo(tag), of })),
    count: 1,
  };
}

function namesTwo(tag: TagName): OciError {
  return new OciError("OCI_LAYOUT_INVALID", `index.json: tag ${tag} names more than one manifest`);
}
