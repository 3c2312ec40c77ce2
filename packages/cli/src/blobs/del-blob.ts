import { OciError, type Deleter, type Digest, type WriteStore } from "@dtuf/registry";
import { openAlias, openImages, type Alias } from "./alias.ts";
import { openRepository, type Connection } from "../connection/connection.ts";
import { stateDirectory } from "../connection/place.ts";
import { repositoriesRoot } from "../connection/repositories-root.ts";
import type { Context, Run } from "../context/command.ts";
import { describeCount } from "../context/time.ts";
import { UsageError } from "../context/usage.ts";
import { deleter, parseAliasArgument, parseDigestArgument, readAlias } from "./dxf.ts";
import { findStat } from "../context/settings/find-stat.ts";

interface Doomed {
  /** Of an alias: they go first, so that no alias is ever left pointing at what is gone. */
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
}

/** Everything is found, and nothing of it may be needed, before the first is deleted. */
export const run: Run = async (context, [repo = "", ...words]) => {
  const connection = await openRepository(context, repo);
  try {
    const store = deleter(connection.store);
    const doomed: Doomed[] = words.length === 0 ? [await findOnStdin(context, store)] : [];
    for (const word of words) doomed.push(await findDoomed(context, store, word));
    await verifyUnneeded(context, { repo, connection, blobs: doomed.flatMap(({ blobs }) => blobs) });
    const isDry = context.values.on("dry-run");
    for (const { manifests, blobs } of isDry ? [] : doomed) {
      for (const digest of manifests) await store.deleteManifest(digest, { signal: context.io.signal });
      await deleteBlobs(context, store, blobs);
    }
    const blobs = describeCount(new Set(doomed.flatMap((each) => each.blobs)).size, "blob");
    context.terminal.report(`${isDry ? "would delete" : "deleted"} ${blobs} of ${connection.name}`);
  } finally {
    await connection.close();
  }
};

async function findOnStdin(context: Context, store: WriteStore): Promise<Doomed> {
  const alias = await readAlias(context);
  return { manifests: [], blobs: await blobsOf(context, store, alias) };
}

async function findDoomed(context: Context, store: WriteStore, word: string): Promise<Doomed> {
  const name = parseAliasArgument(word);
  if (name === undefined) return { manifests: [], blobs: [parseDigestArgument(word)] };
  const alias = await openAlias(store, name, { signal: context.io.signal });
  const platforms = alias.kind === "index" ? [...alias.platforms.values()] : [];
  const manifests = [alias.digest, ...platforms.map(({ digest }) => digest)];
  return { manifests, blobs: await blobsOf(context, store, alias) };
}

interface Asked {
  readonly repo: string;
  readonly connection: Connection;
  readonly blobs: readonly Digest[];
}

/** @throws UsageError if this machine publishes the repository and has signed a target that is made of one of them */
async function verifyUnneeded(context: Context, { repo, connection, blobs }: Asked): Promise<void> {
  const { store, name, place } = connection;
  const directory = stateDirectory(repositoriesRoot(context), place.repository, "master");
  if ((await findStat(directory)) === undefined) return;
  const { createMaster, MasterError } = await import("@dtuf/master");
  const master = createMaster({ store, place: name, directory, now: context.io.now });
  try {
    for (const blob of blobs) {
      const [target] = await master.listTargetsOf(blob);
      if (target === undefined) continue;
      throw new UsageError(
        `${blob} is a blob of the target ${JSON.stringify(target)}, which is signed: nobody could pull it any more`,
        `dtuf del-target ${repo} ${target}, and dtuf push-metadata ${repo}, before it is deleted`,
      );
    }
  } catch (error) {
    // There is no state yet, or it belongs to a repository of the same name on another registry.
    const isOther = MasterError.is(error) && /^MASTER_(?:METADATA_MISSING|PLACE_DIFFERS)$/.test(error.code);
    if (!isOther) throw error;
  } finally {
    await master.close();
  }
}

async function blobsOf(context: Context, store: WriteStore, alias: Alias): Promise<readonly Digest[]> {
  const images = await openImages(store, alias, { platform: undefined, signal: context.io.signal });
  const all = "kind" in images ? [images] : [...images.values()];
  return [...new Set(all.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)))];
}

/** @throws OciError OCI_NOT_FOUND for a blob that is not there */
async function deleteBlobs(context: Context, store: Deleter, digests: readonly Digest[]): Promise<void> {
  for (const digest of digests) {
    if (!(await store.deleteBlob(digest, { signal: context.io.signal }))) {
      throw new OciError("OCI_NOT_FOUND", `no blob ${digest}`, { details: { digest } });
    }
  }
}
