/** Names of repositories that this machine knows: no connection is opened and nothing is written. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../context/command.ts";
import { findNear } from "../context/text/near.ts";
import { hostChoice } from "./connection.ts";
import { resolveHost, splitHost } from "./place.ts";
import { repositoriesRoot } from "./repositories-root.ts";

/** Directories that are read to find repositories. */
const directoriesMost = 500;
const depthMost = 4;

/** Repositories that have a state here. */
export function listKnownRepositories(context: Context): Promise<readonly string[]> {
  const isState = (inner: readonly string[]): boolean => inner.includes("copy") || inner.includes("master");
  return listBelow(repositoriesRoot(context).directory, isState);
}

/** Those that somebody may have meant who named one that is not there: with a state here, or in the embedded registry. */
export async function findNearRepositories(context: Context, repo: string): Promise<readonly string[]> {
  if (repo.startsWith("oci:")) return [];
  const { host, path } = splitHost(repo) ?? { host: undefined, path: repo };
  const embedded = host === undefined ? await listEmbedded(context) : [];
  // The name is right: something else is missing.
  if (embedded.includes(path) || (await isPublishedFromHere(context, path))) return [];
  const known = [...new Set([...(await listKnownRepositories(context)), ...embedded])].filter((name) => name !== path);
  // `demo` is fred/demo to those who have no other.
  const ends = known.filter((name) => name.endsWith(`/${path}`));
  const near = ends.length > 0 ? ends.slice(0, 3) : findNear(path, known);
  return host === undefined ? near : near.map((name) => `${host}/${name}`);
}

async function isPublishedFromHere(context: Context, path: string): Promise<boolean> {
  const directory = join(repositoriesRoot(context).directory, path, "master");
  return readdir(directory).then(
    (names) => names.includes("record.json"),
    () => false,
  );
}

async function listEmbedded(context: Context): Promise<readonly string[]> {
  const host = resolveHost({ ...hostChoice(context), note: () => undefined });
  return host.kind === "registry" ? [] : listBelow(host.root, (inner) => inner.includes("oci-layout"));
}

async function listBelow(directory: string, isOne: (inner: readonly string[]) => boolean): Promise<readonly string[]> {
  const found: string[] = [];
  const waiting: { readonly name: string; readonly depth: number }[] = [{ name: "", depth: 0 }];
  for (let read = 0; read < directoriesMost; read++) {
    const next = waiting.shift();
    if (next === undefined) break;
    const entries = await readdir(join(directory, next.name), { withFileTypes: true }).catch(() => []);
    const inner = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    if (next.name !== "" && isOne(entries.map(({ name }) => name))) found.push(next.name);
    else if (next.depth < depthMost) {
      waiting.push(
        ...inner.map((name) => ({ name: next.name === "" ? name : `${next.name}/${name}`, depth: next.depth + 1 })),
      );
    }
  }
  return found;
}
