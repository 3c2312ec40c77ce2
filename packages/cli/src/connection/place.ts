/**
 * Where a repository is. `<repo>` is `fred/demo` (on the host of DTUF_HOST), `host[:port]/fred/demo`, or `oci:DIR`, one
 * OCI layout. DTUF_HOST may itself be `oci:DIR`, an embedded registry with one layout per repository.
 */
import { posix, win32, type PlatformPath } from "node:path";
import { parseRegistryHost, parseRepositoryName } from "@dtuf/registry";
import { isFileName } from "@dtuf/registry/files";
import type { Environment } from "../context/io.ts";
import { UsageError } from "../context/usage.ts";

export type Place =
  | { readonly kind: "registry"; readonly host: string; readonly repository: string }
  | { readonly kind: "layout"; readonly directory: string; readonly repository: string };

/** A registry without a repository: what `list-repos` and `login` are about. */
export type Host =
  | { readonly kind: "registry"; readonly host: string }
  | { readonly kind: "embedded"; readonly root: string };

export interface HostChoice {
  readonly host: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  /** Node's word for the system. */
  readonly platform: string;
  /** Told once, where the embedded registry is used because nothing was said. */
  readonly note: (text: string) => void;
  /** The variable to name in errors. */
  readonly variable: string;
}

const embeddedDefault = "dtuf_registry";

/** @throws UsageError, OciError OCI_REFERENCE_INVALID */
export function resolveHost(choice: HostChoice): Host {
  const { host, variable } = choice;
  if (host === undefined) return embedded(choice);
  if (host === "") throw new UsageError(`${variable} is empty`, `set ${variable} to host[:port] or oci:DIR`);
  if (host.startsWith("oci:")) return { kind: "embedded", root: directoryOf(host, choice) };
  return { kind: "registry", host: parseRegistryHost(host) };
}

function embedded(choice: HostChoice): Host {
  const { env, cwd, platform, variable } = choice;
  if ((env["CI"] ?? "") !== "") {
    throw new UsageError(
      `no registry: ${variable} is not set, and where CI is set none is taken unasked`,
      `set ${variable} to host[:port] or oci:DIR; oci:${embeddedDefault} is the directory that is used without CI`,
    );
  }
  choice.note(`${variable} is not set: using the embedded registry ./${embeddedDefault}`);
  return { kind: "embedded", root: pathsOf(platform).join(cwd, embeddedDefault) };
}

/** @throws UsageError, OciError OCI_REFERENCE_INVALID */
export function resolvePlace(repo: string, choice: HostChoice): Place {
  if (repo.startsWith("oci:")) {
    const directory = directoryOf(repo, choice);
    const name = pathsOf(choice.platform).basename(directory);
    return { kind: "layout", directory, repository: parseStateName(name, choice.platform) };
  }
  const named = splitHost(repo);
  if (named !== undefined) {
    return { kind: "registry", host: parseRegistryHost(named.host, repo), repository: parseRepositoryName(named.path) };
  }
  const repository = parseRepositoryName(repo);
  const host = resolveHost(choice);
  if (host.kind === "registry") return { ...host, repository };
  const components = repository.split("/");
  const device = components.find((component) => !isFileName(component, choice.platform));
  if (device !== undefined) throw new UsageError(`${repository}: this system has no directories named ${device}`);
  return { kind: "layout", directory: pathsOf(choice.platform).join(host.root, ...components), repository };
}

/** The first component is a host where it could not be a repository's: it has a dot or a colon, or is `localhost`. */
export function splitHost(repo: string): { host: string; path: string } | undefined {
  const slash = repo.indexOf("/");
  const first = repo.slice(0, Math.max(slash, 0));
  const isHost = first === "localhost" || /[.:]/.test(first);
  return slash > 0 && isHost ? { host: first, path: repo.slice(slash + 1) } : undefined;
}

/** Drive letters and backslashes are paths on Windows alone. */
function pathsOf(platform: string): PlatformPath {
  return platform === "win32" ? win32 : posix;
}

function directoryOf(text: string, { cwd, platform }: HostChoice): string {
  const path = text.slice("oci:".length);
  if (path === "") throw new UsageError(`${JSON.stringify(text)} names no directory`, "write oci:DIR");
  return pathsOf(platform).resolve(cwd, path);
}

/** The last component of a layout's path names its state; it must not lead out of the directory of states. */
function parseStateName(name: string, platform: string): string {
  if (isFileName(name, platform) && !name.includes("\\")) return name;
  throw new UsageError(`oci: the directory has no name to keep state under`, "name the directory of the layout");
}

/** Docker's layout is two repositories: beside `DEST/metadata` there is `DEST/targets`. Undefined: it is not called so. */
export function findTargetsPath(path: string): string | undefined {
  return /[\\/]metadata$/.test(path) ? `${path.slice(0, -"metadata".length)}targets` : undefined;
}

export function findTargetsPlace(place: Place): Place | undefined {
  const path = findTargetsPath(place.kind === "registry" ? place.repository : place.directory);
  if (path === undefined) return undefined;
  return place.kind === "registry" ? { ...place, repository: path } : { ...place, directory: path };
}

/** What the state records and what errors show. */
export function describePlace(place: Place): string {
  return place.kind === "registry" ? `${place.host}/${place.repository}` : `oci:${place.directory}`;
}

/** Below which every repository has its local state. */
export interface StateRoot {
  readonly directory: string;
  readonly platform: string;
}

/**
 * dtuf's own layout of local state: `<root>/<repo>/master` and `<root>/<repo>/copy`; beside them what a mirror has seen.
 * A component that is no file name on Windows (`fred/con`) has a `_` before it there: no repository's component begins so.
 */
export function stateDirectory(
  { directory, platform }: StateRoot,
  repository: string,
  half: "master" | "copy" | "mirror",
): string {
  const components = repository.split("/").map((name) => (isFileName(name, platform) ? name : `_${name}`));
  return pathsOf(platform).join(directory, ...components, half);
}
