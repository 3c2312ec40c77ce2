/** SOURCE and DESTINATION of `sync`, in the seed's form (`docker://…`) and in skopeo's (`--src docker …`). */
import { redactPlace } from "@dtuf/registry/escape";
import { resolve } from "node:path";
import {
  createImageReference,
  findImageReference,
  growArchive,
  hasArchive,
  listDockerSource,
  listImageDirectories,
  listLayouts,
  openArchive,
  parseDockerSource,
  type GrowingArchive,
  type ListedRegistry,
  type ListingOptions,
  type ImageReference,
  type Sources,
  type ImageTransport,
} from "@dtuf/mirror";
import type { Context } from "../context/command.ts";
import { tellWait } from "../connection/lock-wait.ts";
import { readInput } from "../context/input-file.ts";
import { createArchiveDirectory } from "./archive-directory.ts";
import { archiveInput } from "./archive-file.ts";
import { verifyOneRegistry, type SideRegistries } from "./sync-registries.ts";
import { UsageError } from "../context/usage.ts";

export type SourcePlace = ImageReference | { readonly transport: "yaml"; readonly text: string };

export interface SyncPlaces {
  readonly source: SourcePlace;
  readonly destination: ImageReference;
  readonly scoped: boolean;
}

/** @throws UsageError; MirrorError MIRROR_PLACE_INVALID */
export function parsePlaces({ values }: Context, words: readonly string[]): SyncPlaces {
  const [src, dest, yaml] = [values.text("src"), values.text("dest"), values.text("source-yaml") || undefined];
  const wanted = yaml === undefined ? 2 : 1;
  if (words.length !== wanted) {
    const what = yaml === undefined ? "exactly two arguments, SOURCE and DESTINATION" : "one argument, DESTINATION";
    throw new UsageError(`wanted ${what}; got ${words.length}`);
  }
  const [first = "", last = first] = words;
  const source = parseSource(yaml ?? first, yaml === undefined ? src : "yaml");
  const destination = parsePlace(last, dest as ImageTransport | undefined, "destination");
  // The seed's own form scoped always; it had no layouts, each of which is one repository.
  const isSeedForm = src === undefined && dest === undefined && /^(?:docker|dir)$/.test(destination.transport);
  const fromNamed = source.transport === "docker" || source.transport === "yaml" || source.transport === "dir";
  return { source, destination, scoped: values.on("scoped") || (isSeedForm && fromNamed) };
}

function parseSource(text: string, transport: string | undefined): SourcePlace {
  if (transport === "yaml") return { transport, text };
  return parsePlace(text, transport as ImageTransport | undefined, "source");
}

function parsePlace(text: string, transport: ImageTransport | undefined, what: string): ImageReference {
  if (transport !== undefined) return createImageReference(transport, text);
  const found = findImageReference(text);
  if (found !== undefined) return found;
  throw new UsageError(
    `${JSON.stringify(redactPlace(text))}: what kind of ${what} is it?`,
    "write docker://host/repository, dir:DIR, oci:DIR or oci-archive:FILE, or say it with --src and --dest",
  );
}

export interface Listing {
  readonly registries: SideRegistries;
  readonly options: ListingOptions;
  /** Run at the end. */
  readonly cleanUp: (() => Promise<unknown>)[];
}

export async function listSources(context: Context, source: SourcePlace, listing: Listing): Promise<Sources> {
  const { io } = context;
  const { registries, options, cleanUp } = listing;
  const shown = `${source.transport}:${source.text}`;
  const path = resolve(io.cwd, source.text);
  const local = { ...options, now: io.now };
  switch (source.transport) {
    case "docker":
      return listDockerSource(parseDockerSource(source.text), registries, options);
    case "yaml": {
      const { listSourceList, parseSourceList } = await import("@dtuf/mirror/lists");
      const given = parseSourceList(await readInput(context, source.text, listMaxBytes), source.text, {
        variables: io.env,
      });
      const list = await Promise.all(given.map((listed) => readPassword(context, listed)));
      verifyOneRegistry(context, list);
      return listSourceList(list, registries, options);
    }
    case "dir":
      return listImageDirectories(path, local);
    case "oci":
      return listLayouts({ ...source, text: path }, local);
    case "oci-archive": {
      const unpacked = await createArchiveDirectory(io.now);
      cleanUp.push(() => unpacked.remove());
      const { name, options: reading } = await archiveInput(io, source.text);
      const layout = await openArchive(name, unpacked.directory, reading);
      return listLayouts({ ...source, text: layout, shown }, local);
    }
  }
}

/** @throws UsageError before anything is asked, if the file is not there */
async function readPassword(context: Context, listed: ListedRegistry): Promise<ListedRegistry> {
  const { passwordFile = "" } = listed.credential ?? {};
  if (passwordFile === "") return listed;
  const text = new TextDecoder().decode(await readInput(context, passwordFile, passwordMaxBytes));
  return { ...listed, credential: { ...listed.credential, password: text.replace(/\r?\n$/, "") } };
}

const passwordMaxBytes = 64 * 1024;

/** What parses it has a bound of its own, and says so. */
const listMaxBytes = 5 * 1024 * 1024;

export interface OpenedDestination {
  /** As images are named and written: an archive is a layout until it is whole. */
  readonly place: ImageReference;
  readonly archive: GrowingArchive | undefined;
}

export async function openDestination(
  context: Context,
  { transport, text, ...more }: ImageReference,
  cleanUp: Listing["cleanUp"],
): Promise<OpenedDestination> {
  const { io, values } = context;
  if (transport === "docker") return { place: { transport, text, ...more }, archive: undefined };
  if (more.digest !== undefined) throw new UsageError(`${text}: an image is written under a tag, not under a digest`);
  const path = resolve(io.cwd, text);
  const shown = `oci-archive:${text}`;
  if (transport !== "oci-archive") return { place: { transport, text: path, ...more }, archive: undefined };
  // A dry run looks at what is there and leaves nothing behind.
  if (values.on("dry-run") && !(await hasArchive(path))) {
    return { place: { transport: "oci", text: `${path}.none`, ...more, shown }, archive: undefined };
  }
  const archive = await growArchive(path, { signal: io.signal, onWait: tellWait(context) });
  cleanUp.push(() => archive.release());
  return { place: { transport: "oci", text: archive.directory, ...more, shown }, archive };
}
