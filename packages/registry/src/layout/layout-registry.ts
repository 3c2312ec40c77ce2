/**
 * The embedded registry: a directory with one layout per repository, `root/fred/demo` for `fred/demo`. Repositories may
 * lie inside each other (`fred` and `fred/demo`), so names that a layout's own files have are not available.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { OciError } from "../errors.ts";
import { fileError, isErrno, isFileName } from "../files/index.ts";
import { isRepositoryName, parseRepositoryName, type RepositoryName } from "../reference.ts";
import type { StoreOptions } from "../store.ts";
import { isLayout, layoutPaths } from "./layout-directory.ts";
import { createLayoutStore, type LayoutStore, type LayoutStoreOptions } from "./layout-store.ts";

export interface LayoutRegistry {
  /**
   * The repository's store, which mounts from the registry's other repositories. Nothing is created before its first put.
   * @throws OciError OCI_REFERENCE_INVALID
   */
  repository(name: string): LayoutStore;
  /** Every repository, in the order of their names. */
  listRepositories(options?: StoreOptions): AsyncIterable<RepositoryName>;
}

export interface LayoutRegistryOptions extends Pick<LayoutStoreOptions, "now" | "onLockWait"> {
  readonly root: string;
}

const reserved: ReadonlySet<string> = new Set(["blobs", "index.json", "oci-layout"]);

/**
 * The embedded registry below `root`. A repository's layout is made by the first `put` into it.
 * @throws, from `repository`, OciError OCI_REFERENCE_INVALID
 */
export function createLayoutRegistry({ root, ...options }: LayoutRegistryOptions): LayoutRegistry {
  const findDirectory = (repository: string): string => join(root, ...componentsOf(repository));
  return {
    repository: (name) => createLayoutStore({ ...options, directory: findDirectory(name), findDirectory }),
    listRepositories: (options) => listRepositories(root, [], options),
  };
}

function componentsOf(repository: string): readonly string[] {
  const components = parseRepositoryName(repository).split("/");
  const device = components.find((component) => !isFileName(component));
  if (device !== undefined) {
    throw new OciError("OCI_REFERENCE_INVALID", `${repository}: this system has no directories named ${device}`, {
      details: { got: repository },
    });
  }
  const taken = components.find((component) => reserved.has(component));
  if (taken === undefined) return components;
  throw new OciError("OCI_REFERENCE_INVALID", `${repository}: a layout has a file named ${taken} itself`, {
    details: { got: repository },
  });
}

async function* listRepositories(
  root: string,
  above: readonly string[],
  options: StoreOptions = {},
): AsyncGenerator<RepositoryName> {
  options.signal?.throwIfAborted();
  for (const component of await listDirectories(join(root, ...above))) {
    const components = [...above, component];
    const name = components.join("/");
    if (reserved.has(component) || !isRepositoryName(name)) continue;
    if (await isLayout(layoutPaths(join(root, ...components)))) yield name;
    yield* listRepositories(root, components, options);
  }
}

async function listDirectories(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.toSorted((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw fileError(error, directory);
  }
}
