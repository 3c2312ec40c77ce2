/** From where a TUF repository can be carried, and to where. */
import { join, resolve } from "node:path";
import { createStoreSource, type Source } from "@dtuf/copy";
import {
  findImageReference,
  growArchive,
  openArchive,
  packArchive,
  parseDockerSource,
  type GrowingArchive,
} from "@dtuf/mirror";
import type { WriteStore } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import type { Context } from "../../context/command.ts";
import { connect, hostChoice, openRepository } from "../../connection/connection.ts";
import { tellWait } from "../../connection/lock-wait.ts";
import { openPlainSite, parsePlainUrl, plainRepositoryAt } from "../../connection/plain-site.ts";
import { isPlainUrl } from "../../context/grammar/grammar.ts";
import { describePlace, findTargetsPath, findTargetsPlace, resolvePlace, type Place } from "../../connection/place.ts";
import type { SideRegistries } from "../sync-registries.ts";
import { archiveInput } from "../archive-file.ts";
import { UsageError } from "../../context/usage.ts";

export interface Carrier {
  readonly context: Context;
  readonly source: SideRegistries;
  readonly destination: SideRegistries;
  /** For everything temporary. */
  readonly directory: string;
  readonly cleanUp: (() => Promise<unknown>)[];
  /** What is opened is a mirror of that source: settings about the source are not for it. */
  readonly mirrored?: TufSource | undefined;
}

export interface TufSource {
  readonly source: Source;
  /** Of a registry that `<repo>` names: the host that explicit credentials are for. */
  readonly named?: string | undefined;
  readonly mountable?: { readonly host: string; readonly repository: string } | undefined;
}

/** `docker://`, `oci:`, `oci-archive:`, a plain repository's metadata URL, or `<repo>`. */
export async function openTufSource(carrier: Carrier, text: string): Promise<TufSource> {
  const { context, cleanUp } = carrier;
  if (isPlainUrl(text)) return openPlain(carrier, parsePlainUrl(text));
  const place = findImageReference(text);
  const path = resolve(context.io.cwd, place?.text ?? "");
  switch (place?.transport) {
    case "docker": {
      const { registry: host, repository } = parseDockerSource(place.text);
      const [store, otherTargets] = await bothParts(repository, (name) => carrier.source.repository(host, name));
      const source = createStoreSource(store, { name: `${host}/${repository}`, otherTargets });
      return { source, mountable: { host, repository } };
    }
    case "oci": {
      const [store, otherTargets] = await bothParts(path, (directory) => createLayoutStore({ directory }));
      return { source: createStoreSource(store, { name: text, otherTargets }) };
    }
    case "oci-archive": {
      const { name, options } = await archiveInput(context.io, place.text);
      const layout = await openArchive(name, join(carrier.directory, "archive"), options);
      return { source: createStoreSource(createLayoutStore({ directory: layout }), { name: text }) };
    }
    case "dir":
      throw new UsageError(
        "the directory form holds one image, and no TUF repository",
        "use oci:DIR or oci-archive:FILE",
      );
    case undefined: {
      const own = resolvePlace(text, hostChoice(context));
      const open = async (at: Place): Promise<WriteStore> => {
        const connection = await connect(context, at, carrier.mirrored?.named);
        cleanUp.push(() => connection.close());
        return connection.store;
      };
      const beside = findTargetsPlace(own);
      const otherTargets = beside === undefined ? undefined : await open(beside);
      const source = createStoreSource(await open(own), { name: describePlace(own), otherTargets });
      return { source, named: own.kind === "registry" ? own.host : undefined };
    }
  }
}

/** Of Docker's layout, its targets beside its metadata. */
async function bothParts<Store>(
  path: string,
  open: (path: string) => Store | Promise<Store>,
): Promise<readonly [store: Store, otherTargets: Store | undefined]> {
  const beside = findTargetsPath(path);
  return [await open(path), beside === undefined ? undefined : await open(beside)];
}

async function openPlain(carrier: Carrier, metadataUrl: URL): Promise<TufSource> {
  const { context, source, cleanUp, mirrored } = carrier;
  const repository = mirrored === undefined ? plainRepositoryAt(metadataUrl, context) : { metadataUrl };
  const site = await openPlainSite(repository, (url) => source.site(url));
  cleanUp.push(() => site.close());
  return { source: site.source };
}

export interface TufDestination {
  /** For the metadata; in dtuf's format for everything. */
  readonly store: WriteStore;
  readonly targets: WriteStore;
  /** Of a registry. */
  readonly host: string | undefined;
  readonly archive: GrowingArchive | undefined;
}

export async function openTufDestination(
  carrier: Carrier,
  text: string,
  layout: "dtuf" | "docker",
): Promise<TufDestination> {
  const { context, cleanUp } = carrier;
  const place = findImageReference(text);
  const path = resolve(context.io.cwd, place?.text ?? "");
  switch (place?.transport) {
    case "docker": {
      const { registry: host, repository } = parseDockerSource(place.text);
      const open = (name: string): Promise<WriteStore> => carrier.destination.repository(host, name);
      if (layout === "dtuf") return one(await open(repository), { host });
      const [store, targets] = [await open(`${repository}/metadata`), await open(`${repository}/targets`)];
      return { store, targets, host, archive: undefined };
    }
    case "oci":
      return layout === "dtuf"
        ? one(layoutAt(context, path))
        : { ...two(context, path), host: undefined, archive: undefined };
    case "oci-archive": {
      if (layout === "docker") throw new UsageError("Docker's layout is two repositories, an archive is one");
      const archive = place.text === "-" ? toStdout(carrier) : await openArchiveFile(carrier, path);
      return one(layoutAt(context, archive.directory), { archive });
    }
    case "dir":
      throw new UsageError(
        "the directory form holds one image, and no TUF repository",
        "use oci:DIR or oci-archive:FILE",
      );
    case undefined: {
      if (layout === "docker") throw new UsageError("Docker's layout: wanted docker://host/repository or oci:DIR");
      const connection = await openRepository(context, text);
      cleanUp.push(() => connection.close());
      return one(connection.store);
    }
  }
}

/**
 * Under which name the mirror's own client state is kept: the destination's, which is the same in every run. An archive is
 * another file each time; it has none.
 */
export function findStateName(context: Context, text: string): string | undefined {
  if (isPlainUrl(text)) {
    const { hostname, pathname } = parsePlainUrl(text);
    return [hostname, ...pathname.split("/")].filter((part) => part !== "").join("/");
  }
  const place = findImageReference(text);
  if (place?.transport === "docker") return parseDockerSource(place.text).repository;
  if (place?.transport === "oci-archive") return undefined;
  const repo = place === undefined ? text : `oci:${place.text}`;
  return resolvePlace(repo, { ...hostChoice(context), note: () => undefined }).repository;
}

async function openArchiveFile({ context, cleanUp }: Carrier, path: string): Promise<GrowingArchive> {
  const onWait = tellWait(context);
  const archive = await growArchive(path, { existing: "replace", signal: context.io.signal, onWait });
  cleanUp.push(() => archive.release());
  return archive;
}

/** An archive that is written when it is whole. */
function toStdout({ context: { io, terminal }, directory }: Carrier): GrowingArchive {
  const layout = join(directory, "stdout");
  return {
    directory: layout,
    async commit(options) {
      await terminal.writeStream(packArchive(layout, options));
      io.signal.throwIfAborted();
    },
    release: () => Promise.resolve(),
  };
}

function layoutAt(context: Context, directory: string): WriteStore {
  return createLayoutStore({ directory, onLockWait: tellWait(context) });
}

function two(context: Context, directory: string): Pick<TufDestination, "store" | "targets"> {
  const open = (name: string): WriteStore => layoutAt(context, join(directory, name));
  return { store: open("metadata"), targets: open("targets") };
}

function one(
  store: WriteStore,
  { host, archive }: { readonly host?: string; readonly archive?: GrowingArchive } = {},
): TufDestination {
  return { store, targets: store, host, archive };
}
