/**
 * An updater agent: keeps one program up to date on an unattended machine.
 *
 *     node agent.ts <repository> <target> <directory>
 *
 * `<repository>` is `host/repository`, `oci:DIR` or the URL of a plain TUF repository. The directory contains root.json,
 * which was shipped with the installer. The agent keeps the client's state in `state/`, each version in `versions/`, named by
 * its SHA-256, and the name of the newest in the file `current`. It makes no links, because on Windows few users may make
 * them. If the machine loses power at any moment, it has the old version or the new one.
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
    // Keep the extension, because Windows does not run a program without one.
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
  // Report an attack and an outage differently. The installed program continues to run in both cases.
  const isRefusal = TufError.is(error);
  console.error(`${isRefusal ? "refused" : "failed"}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = isRefusal ? 6 : 1;
});
