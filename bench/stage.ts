/** What all rows share: a registry, a place for files, the built command line, the peers, and the scale. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fetchDebianRegistry, startRegistry } from "@dtuf/testing/machines/debian-registry";
import { runCommand, type Command, type Sample } from "./child.ts";
import { findPeers, type Peers } from "./peers.ts";

export interface BenchRegistry {
  /** host:port, plain HTTP. */
  readonly host: string;
  /** Drops all content, where the registry is the bench's own: what one contender pushed is no help to the next. */
  forget(): Promise<void>;
}

export interface Stage {
  readonly registry: BenchRegistry;
  readonly directory: string;
  readonly peers: Peers;
  /** Of each contender. */
  readonly rounds: number;
  /** A count or size, scaled down where DTUF_BENCH_SCALE is below 1; at least 1. */
  scaled(full: number): number;
  /** A fresh directory. */
  fresh(name: string): Promise<string>;
  /** A name for a repository that was not used before. */
  repository(): string;
  /** The bundled `dtuf` as users run it, on the registry unless `environment` says another. */
  dtuf(words: readonly string[], environment?: Readonly<Record<string, string>>): Command;
  /** A program of bench/programs, on the built packages. */
  program(name: string, words: readonly string[], options?: readonly string[]): Command;
  must(command: Command): Promise<Sample>;
  /** A further registry, which ends with the stage. */
  openRegistry(): Promise<BenchRegistry>;
  /** What a child needs of this process's environment, and a home of its own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly registryName: string;
}

const root = resolve(import.meta.dirname, "..");
const bin = join(root, "packages/cli/bundle/dtuf.cjs");

export interface OpenStage {
  readonly stage: Stage;
  close(): Promise<void>;
}

export async function openStage(environment: Readonly<NodeJS.ProcessEnv>): Promise<OpenStage> {
  const directory = await mkdtemp(join(environment["DTUF_BENCH_DIRECTORY"] ?? tmpdir(), "dtuf-bench-"));
  const stops: (() => Promise<void>)[] = [() => rm(directory, { recursive: true, force: true })];
  const given = environment["DTUF_TEST_REGISTRY"];
  const own = (): Promise<BenchRegistry> => startOwn(directory, stops);
  const registry = given === undefined || given === "" ? await own() : { host: given, forget: async () => undefined };
  const scale = Number(environment["DTUF_BENCH_SCALE"] ?? 1);
  const env = await childEnvironment(environment, directory);
  let names = 0;
  const stage: Stage = {
    registry,
    directory,
    peers: await findPeers(environment),
    rounds: Number(environment["DTUF_BENCH_ROUNDS"] ?? 5),
    scaled: (full) => Math.max(1, Math.round(full * scale)),
    async fresh(name) {
      const path = join(directory, `${name}-${(names += 1)}`);
      await mkdir(path, { recursive: true });
      return path;
    },
    repository: () => `bench/r${(names += 1)}-${process.pid}`,
    dtuf: (words, more = {}) => ({
      argv: [process.execPath, bin, ...words],
      cwd: directory,
      env: { ...env, ...dtufEnvironment(registry.host, directory), ...more },
    }),
    program: (name, words, options = []) => ({
      argv: [process.execPath, ...options, join(root, "bench/programs", name), ...words],
      cwd: directory,
      env,
    }),
    must: runCommand,
    openRegistry: own,
    environment: env,
    registryName:
      given === undefined || given === "" ? "Debian's docker-registry (distribution 2.8)" : "a given registry",
  };
  return {
    stage,
    async close() {
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

async function startOwn(directory: string, stops: (() => Promise<void>)[]): Promise<BenchRegistry> {
  const binary = await fetchDebianRegistry({ cacheDirectory: join(root, ".cache") });
  const dataDirectory = join(directory, `registry-${stops.length}`);
  const running = await startRegistry({ binary, dataDirectory });
  stops.push(() => running.stop());
  const forget = (): Promise<void> => rm(join(dataDirectory, "content"), { recursive: true, force: true });
  return { host: running.host, forget };
}

async function childEnvironment(
  { PATH = "" }: Readonly<NodeJS.ProcessEnv>,
  directory: string,
): Promise<Readonly<Record<string, string>>> {
  const home = join(directory, "home");
  await mkdir(home, { recursive: true });
  return { PATH, HOME: home, LANG: "C.UTF-8" };
}

function dtufEnvironment(host: string, directory: string): Readonly<Record<string, string>> {
  const passwords = ["ROOT", "TARGETS", "SNAPSHOT", "TIMESTAMP"].map((role) => [`DTUF_${role}_KEY_PASSWORD`, ""]);
  return {
    DTUF_HOST: host,
    DTUF_INSECURE: "1",
    DTUF_REPOSITORIES_ROOT: join(directory, "state"),
    ...Object.fromEntries(passwords),
  };
}
