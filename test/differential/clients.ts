/** One repository, two clients, each with a state of its own that lasts from refresh to refresh: ours, and tuf-js's Updater. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopyError, createCopy, type Copy } from "@dtuf/copy";
import { createSimulatorSource, type SimulatedRequest } from "@dtuf/testing/tuf-simulator/simulator-source";
import type { TufSimulator } from "@dtuf/testing/tuf-simulator/tuf-simulator";
import { parseTargetPath } from "@dtuf/tuf";
import { Updater, type Fetcher } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";

/** What one refresh came to, as far as both clients can say it. */
export interface Verdict {
  readonly refresh: "accepted" | "refused";
  /** Of the top-level roles, where the refresh was accepted; of the root in any case. */
  readonly versions: Readonly<Record<string, number>>;
  /** Of each target that was asked for: not there, its SHA-256 and whether its bytes verified, or its search was refused. */
  readonly targets: Readonly<Record<string, string>>;
}

export interface Client {
  refresh(paths: readonly string[]): Promise<Verdict>;
  /** Why the last refresh was refused. */
  reason(): unknown;
}

export interface Clients extends AsyncDisposable {
  readonly ours: Client;
  readonly theirs: Client;
}

export interface ClientsOptions {
  /** Metadata files for which the repository answers 403. */
  readonly denied?: (file: string) => boolean;
}

/** Both pin the simulator's first root, and read the same clock. */
export async function createClients(sim: TufSimulator, options: ClientsOptions = {}): Promise<Clients> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-differential-"));
  const { denied = () => false } = options;
  const shared = { root: sim.files.get("1.root.json") ?? new Uint8Array(), denied };
  return {
    ours: await createOurs(sim, { ...shared, directory: join(home, "ours") }),
    theirs: await createTheirs(sim, { ...shared, directory: join(home, "theirs") }),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

interface ClientOptions extends Required<ClientsOptions> {
  readonly root: Uint8Array;
  readonly directory: string;
}

async function createOurs(sim: TufSimulator, { root, directory, denied }: ClientOptions): Promise<Client> {
  const answer = ({ role, version }: SimulatedRequest): "serve" => {
    if (denied(sim.fileName(role, version ?? 0))) throw new CopyError("COPY_STATUS", "denied");
    return "serve";
  };
  const source = createSimulatorSource(sim, { answer });
  const create = (): Copy => createCopy({ source, place: "simulator", directory, now: () => new Date() });
  await create().pin(root);
  let reason: unknown;
  return {
    reason: () => reason,
    async refresh(paths) {
      const copy = create();
      const failed = await attempt(() => copy.pullMetadata({ delegations: "skip" }));
      reason = failed;
      const trusted = await copy.trustedFiles();
      return verdict({
        failed,
        paths,
        versions: new Map(trusted.map(({ role, version }) => [role, version])),
        async find(path) {
          const target = await copy.findTarget(parseTargetPath(path));
          if (target === undefined) return undefined;
          return { sha256: target.hashes.get("sha256"), open: () => copy.openTarget(target) };
        },
      });
    },
  };
}

async function createTheirs(sim: TufSimulator, { root, directory, denied }: ClientOptions): Promise<Client> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "root.json"), root);
  let reason: unknown;
  return {
    reason: () => reason,
    async refresh(paths) {
      const updater = new Updater({
        metadataDir: directory,
        metadataBaseUrl: "memory://metadata",
        targetDir: directory,
        targetBaseUrl: "memory://targets",
        fetcher: createFetcher(sim, denied),
      });
      const failed = await attempt(() => updater.refresh());
      reason = failed;
      return verdict({
        failed,
        paths,
        versions: await storedVersions(directory),
        async find(path) {
          const target = await updater.getTargetInfo(path);
          if (target === undefined) return undefined;
          const open = (): Promise<string> => updater.downloadTarget(target, join(directory, "download"));
          return { sha256: target.hashes["sha256"], open };
        },
      });
    },
  };
}

const topLevel = ["root", "timestamp", "snapshot", "targets"];

async function storedVersions(directory: string): Promise<ReadonlyMap<string, number>> {
  const versions = new Map<string, number>();
  for (const role of topLevel) {
    const text = await readFile(join(directory, `${role}.json`), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const { signed } = JSON.parse(text) as { readonly signed: { readonly version: number } };
    versions.set(role, signed.version);
  }
  return versions;
}

interface Outcome {
  readonly failed: unknown;
  readonly paths: readonly string[];
  readonly versions: ReadonlyMap<string, number>;
  readonly find: (path: string) => Promise<Found | undefined>;
}

interface Found {
  readonly sha256: string | undefined;
  /** Throws where the bytes are others. */
  readonly open: () => Promise<unknown>;
}

async function verdict({ failed, paths, versions, find }: Outcome): Promise<Verdict> {
  const accepted = failed === undefined;
  const shown = accepted ? topLevel : ["root"];
  const targets: Record<string, string> = {};
  for (const path of accepted ? paths : []) targets[path] = await describeTarget(() => find(path));
  return {
    refresh: accepted ? "accepted" : "refused",
    versions: Object.fromEntries(shown.map((role) => [role, versions.get(role) ?? 0])),
    targets,
  };
}

async function describeTarget(find: () => Promise<Found | undefined>): Promise<string> {
  try {
    const found = await find();
    if (found === undefined) return "absent";
    const refused = await attempt(found.open);
    return `${found.sha256 ?? "no sha256"} ${refused === undefined ? "verified" : "refused"}`;
  } catch {
    return "refused";
  }
}

/** What it threw; undefined: nothing. */
async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new TypeError("threw nothing");
  }
}

/** A simulator's files for tuf-js, without a server. */
function createFetcher(sim: TufSimulator, denied: (file: string) => boolean): Fetcher {
  function find(url: string): Uint8Array {
    const [, kind, name = ""] = /^memory:\/\/(metadata|targets)\/(.*)$/.exec(url) ?? [];
    if (denied(name)) throw new DownloadHTTPError(`${url} is denied`, 403);
    const bytes = kind === "metadata" ? sim.files.get(decodeURIComponent(name)) : targetOf(sim, name);
    if (bytes === undefined) throw new DownloadHTTPError(`${url} is not there`, 404);
    return bytes;
  }
  return {
    downloadBytes: async (url) => Buffer.from(find(url)),
    async downloadFile(url, _maxLength, handler) {
      const directory = await mkdtemp(join(tmpdir(), "dtuf-differential-"));
      try {
        await writeFile(join(directory, "file"), find(url));
        return await handler(join(directory, "file"));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/** By its path, whatever hash is before its name. */
function targetOf(sim: TufSimulator, name: string): Uint8Array | undefined {
  return sim.targetFiles.get(name.replace(/[0-9a-f]{64}\./, ""));
}
