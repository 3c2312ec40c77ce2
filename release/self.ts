/**
 * Publishes the files of `packed/` with the program that is in them: every file as a target `VERSION/NAME`, and each
 * executable as a release of the program `dtuf`, so that an agent can keep it up to date.
 *
 *     dtuf init REPO                                     the first time, on the machine that has the keys
 *     pnpm pack:all && pnpm build:exe && pnpm release:self REPO [--rollout 10%]
 *
 * Settings and passphrases are those of `dtuf` (`DTUF_HOST`, `DTUF_TARGETS_KEY_PASSWORD`, …); further words go to
 * `dtuf release`. Files that are not what `SHA256SUMS` says are not published.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundlePrograms, root } from "./bundle.ts";
import { digestOf, provenance, sums } from "./provenance.ts";

export interface SelfRelease {
  readonly repository: string;
  /** What `pnpm pack:all` and `pnpm build:exe` wrote. */
  readonly directory: string;
  /** For `dtuf release`. */
  readonly more: readonly string[];
  readonly dtuf: (words: readonly string[]) => Promise<void>;
}

/** As OCI names the systems of the executables that `pnpm build:exe` writes. */
const platforms: Readonly<Record<string, string>> = {
  "dtuf-linux-x64": "linux/amd64",
  "dtuf-linux-arm64": "linux/arm64",
  "dtuf-win-x64.exe": "windows/amd64",
  "dtuf-darwin-x64": "darwin/amd64",
  "dtuf-darwin-arm64": "darwin/arm64",
};

/** Nothing is published before everything is uploaded. @throws Error if a file is missing or is not the one that was built */
export async function releaseSelf({ repository, directory, more, dtuf }: SelfRelease): Promise<void> {
  const built = await verifySums(directory);
  const files = [...built, sums, provenance].map((name) => join(directory, name));
  const version = await findVersion(directory);
  const executables = (await readdir(directory)).filter((name) => Object.hasOwn(platforms, name)).toSorted();
  const other = executables.find((name) => !built.includes(name));
  if (other !== undefined) throw new Error(`${join(directory, other)} is not in ${sums}: build it again`);
  await dtuf(["push-targets", repository, ...files, "--prefix", version]);
  if (executables.length > 0) {
    const named = executables.map((name) => join(directory, name));
    const platform = executables.map((name) => platforms[name]).join(",");
    await dtuf(["release", repository, "dtuf", version, ...named, "--platform", platform, ...more]);
  }
  // A build that runs meanwhile writes the same files.
  await verifySums(directory);
  await dtuf(["push-metadata", repository]);
}

async function verifySums(directory: string): Promise<readonly string[]> {
  const lines = (await readFile(join(directory, sums), "utf8")).trimEnd().split("\n");
  const names: string[] = [];
  for (const line of lines) {
    const [wanted = "", name = ""] = line.split("  ");
    const got = await digestOf(join(directory, name));
    if (got !== wanted)
      throw new Error(`${join(directory, name)}: wanted SHA-256 ${wanted}, got ${got}: build it again`);
    names.push(name);
  }
  return names;
}

/** Of the command line's package. */
async function findVersion(directory: string): Promise<string> {
  const names = await readdir(directory);
  const [version, ...others] = names.flatMap((name) => /^dtuf-(\d[^/]*)\.tgz$/.exec(name)?.[1] ?? []);
  if (version === undefined || others.length > 0)
    throw new Error(`${directory}: wanted dtuf-VERSION.tgz of one version: pnpm pack:all`);
  return version;
}

/** Its talk and its questions are this process's own. @throws Error if it fails */
async function start(file: string, words: readonly string[]): Promise<void> {
  const [status] = (await once(spawn(process.execPath, [file, ...words], { stdio: "inherit" }), "exit")) as [number];
  if (status !== 0) throw new Error(`dtuf ${words[0] ?? ""} ended with ${status}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [repository, ...more] = process.argv.slice(2);
  if (repository === undefined) throw new Error("wanted: pnpm release:self REPO [OPTIONS OF dtuf release]");
  const { directory } = await bundlePrograms();
  const dtuf = (words: readonly string[]): Promise<void> => start(join(directory, "dtuf.cjs"), words);
  try {
    await releaseSelf({ repository, directory: join(root, "packed"), more, dtuf });
  } catch (error) {
    console.error(`release:self: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
