/**
 * An updater agent: keeps one program up to date on a machine nobody watches.
 *
 *     node agent.ts <place> <target> <directory>
 *
 * `<place>` is `host/repository` or a directory that is an OCI layout. The directory holds root.json, which shipped with
 * the installer; the agent keeps its trust in `state/`, each version in `versions/`, named by its SHA-256, and the name of
 * the newest in the file `current`. No link is made, because Windows lets few users make one. A machine that loses its
 * power at any moment has the old version or the new one.
 */
import type { Progress } from "@dtuf/registry";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { extname, isAbsolute, join } from "node:path";
import { CopyError, createCopy, createStoreSource, type Copy, type Source, type TargetInfo } from "@dtuf/copy";
import { writeFileAtomically } from "@dtuf/registry/files";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createRegistryClient } from "@dtuf/registry/remote";
import { parseTargetPath, TufError } from "@dtuf/tuf";

const [place = "", name = "", directory = ""] = process.argv.slice(2);
const door = { now: () => new Date(), random: Math.random };

/** Two minutes for the metadata, which is small; a download has no limit as long as bytes arrive. */
const refreshTimeoutMs = 120_000;

async function main(): Promise<number> {
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  const { source, close } = openSource();
  const copy = createCopy({ source, place, directory: join(directory, "state"), now: door.now, state: "required" });
  try {
    const target = await check(copy, AbortSignal.any([stop.signal, AbortSignal.timeout(refreshTimeoutMs)]));
    // The extension stays, because Windows runs no program without one.
    const version = `${target.hashes.get("sha256")}${extname(name)}`;
    if ((await installed()) === version) {
      console.log(`${name} is up to date: ${version}`);
      return 0;
    }
    await install(copy, { target, version }, stop.signal);
    console.log(`${name} is now ${version}`);
    return 0;
  } catch (error) {
    // An attack and an outage look different, and the program that is installed goes on in both.
    const what = TufError.is(error) ? "refused" : "failed";
    console.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    return TufError.is(error) ? 6 : 1;
  } finally {
    await close();
  }
}

function openSource(): { source: Source; close: () => Promise<void> } {
  if (isAbsolute(place) || place.startsWith(".")) {
    return {
      source: createStoreSource(createLayoutStore({ directory: place }), { reach: "local" }),
      close: () => Promise.resolve(),
    };
  }
  const slash = place.indexOf("/");
  const client = createRegistryClient({ registry: place.slice(0, slash), transport: door, ...door });
  return { source: createStoreSource(client.repository(place.slice(slash + 1))), close: () => client.close() };
}

/** The shipped root is offered at every start: it pins the first time, and never moves trust back afterwards. */
async function check(copy: Copy, signal: AbortSignal): Promise<TargetInfo> {
  const root = await readFile(join(directory, "root.json"));
  await pin(copy, root, signal);
  const target = await copy.findTarget(parseTargetPath(name), { mode: "offline", signal });
  if (target === undefined) throw new Error(`the repository has no target ${name}`);
  return target;
}

async function pin(copy: Copy, root: Uint8Array, signal: AbortSignal): Promise<void> {
  try {
    await copy.pullMetadata({ signal });
  } catch (error) {
    if (!CopyError.is(error) || error.code !== "COPY_NOT_PINNED") throw error;
    await copy.pullMetadata({ pin: { kind: "root", bytes: root }, signal });
  }
}

async function installed(): Promise<string | undefined> {
  return readFile(join(directory, "current"), "utf8").catch(() => undefined);
}

async function install(
  copy: Copy,
  { target, version }: { target: TargetInfo; version: string },
  signal: AbortSignal,
): Promise<void> {
  const file = join(directory, "versions", version);
  await mkdir(join(directory, "versions"), { recursive: true });
  const onProgress = ({ bytes, totalBytes }: Progress): void => {
    if (bytes === totalBytes) console.log(`${bytes} bytes, verified`);
  };
  await copy.saveTarget(target, file, { signal, onProgress });
  await chmod(file, 0o755);
  await writeFileAtomically(join(directory, "current"), version);
}

process.exitCode = await main();
