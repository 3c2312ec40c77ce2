/**
 * An updater agent: keeps one program up to date on a machine nobody watches.
 *
 *     node agent.ts <repository> <target> <directory>
 *
 * `<repository>` is `host/repository`, `oci:DIR` or the URL of a plain TUF repository. The directory holds root.json, which
 * shipped with the installer; the agent keeps its trust in `state/`, each version in `versions/`, named by its SHA-256, and
 * the name of the newest in the file `current`. No link is made, because Windows lets few users make one. A machine that
 * loses its power at any moment has the old version or the new one.
 */
import { chmod, mkdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { createCopy } from "@dtuf/copy";
import { writeFileAtomically } from "@dtuf/registry/files";
import { TufError } from "@dtuf/tuf";

const [repository = "", name = "", directory = ""] = process.argv.slice(2);
const versions = join(directory, "versions");
const current = join(directory, "current");

async function update(signal: AbortSignal): Promise<string> {
  const root = await readFile(join(directory, "root.json"));
  const copy = createCopy({ repository, directory: join(directory, "state"), root, state: "required" });
  try {
    // Two minutes for the metadata, which is small; a download has no limit as long as bytes arrive.
    await copy.pullMetadata({ signal: AbortSignal.any([signal, AbortSignal.timeout(120_000)]) });
    const target = await copy.findTarget(name, { signal });
    if (target === undefined) throw new Error(`the repository has no target ${name}`);
    // The extension stays, because Windows runs no program without one.
    const version = `${target.hashes.get("sha256")}${extname(name)}`;
    if ((await readFile(current, "utf8").catch(() => "")) === version) return `${name} is up to date: ${version}`;
    await mkdir(versions, { recursive: true });
    await copy.saveTarget(target, join(versions, version), { signal });
    await chmod(join(versions, version), 0o755);
    await writeFileAtomically(current, version);
    return `${name} is now ${version}`;
  } finally {
    await copy.close();
  }
}

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
update(stop.signal).then(console.log, (error: unknown) => {
  // An attack and an outage look different, and the program that is installed goes on in both.
  const isRefusal = TufError.is(error);
  console.error(`${isRefusal ? "refused" : "failed"}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = isRefusal ? 6 : 1;
});
