/**
 * The embedded registry: a directory with one layout per repository, `root/fred/demo` for `fred/demo`. Repositories may
 * be nested (`fred` and `fred/demo`), so names of a layout's own files are not available.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { OciError } from "../errors.ts";
import { fileError, isErrno, isFileName } from "../files/index.ts";
import { isRepositoryName, parseRepositoryName, type RepositoryName } from "../oci/reference.ts";
import type { StoreOptions } from "../store.ts";
import { isLayout, layoutPaths } from "./layout-directory.ts";
import { createLayoutStore, type LayoutStore, type LayoutStoreOptions } from "./layout-store.ts";

export interface LayoutRegistry {
  /**
   * Returns the repository's store, which mounts from the registry's other repositories. Creates nothing before its first put.
   * @throws OciError OCI_REFERENCE_INVALID
   */
  repository(name: string): LayoutStore;
  /** Lists every repository in the order of their names. */
  listRepositories(options?: StoreOptions): AsyncIterable<RepositoryName>;
}

export interface LayoutRegistryOptions extends Pick<LayoutStoreOptions, "now" | "onLockWait"> {
  readonly root: string;
}

const reserved: ReadonlySet<string> = new Set(["blobs", "index.json", "oci-layout"]);

/**
 * Makes the embedded registry below `root`. The first `put` into a repository creates its layout.
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
    throw new OciError(
      "OCI_REFERENCE_INVALID",
      `${repository}: this system does not allow directories named ${device}`,
      {
        details: { got: repository },
      },
    );
  }
  const taken = components.find((component) => reserved.has(component));
  if (taken === undefined) return components;
  throw new OciError("OCI_REFERENCE_INVALID", `${repository}: ${taken} is the name of a layout's own file`, {
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
