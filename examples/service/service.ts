/**
 * A Node service that keeps a directory of verified files up to date.
 *
 *     node service.ts REPOSITORY DIRECTORY [SECONDS]
 *
 * `DIRECTORY/current` leads to a directory with every file that is signed. Another snapshot gets a directory of its own, and then
 * `current` is replaced by one rename: readers see the old files or the new ones, never a mixture. `DIRECTORY/root.json` is what
 * is trusted first.
 */
import { link, mkdir, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createCopy, type Copy, type TargetDestination } from "@dtuf/copy";
import { isFileName } from "@dtuf/registry/files";

const [repository = "", directory = "", seconds = "3600"] = process.argv.slice(2);
const current = join(directory, "current");

async function update(copy: Copy, signal: AbortSignal): Promise<string> {
  const { versions } = await copy.pullMetadata({ signal });
  const next = `snapshot-${versions.get("snapshot")}`;
  const before = await readlink(current).catch(() => undefined);
  if (next === before) return `${next} is current`;
  const files = await findFiles(copy, join(directory, next), signal);
  for (const { target, destination } of files) {
    await mkdir(dirname(destination), { recursive: true });
    // What is the same need not be downloaded: it is verified, and replaced if it differs.
    await link(join(current, target.path), destination).catch(() => undefined);
  }
  await copy.saveTargets(files, { signal, mode: "cache-if-valid", same: "keep" });
  await symlink(next, `${current}.new`, "junction");
  await rename(`${current}.new`, current);
  for (const name of await readdir(directory)) {
    const isOld = name.startsWith("snapshot-") && name !== next && name !== before;
    if (isOld) await rm(join(directory, name), { recursive: true });
  }
  return `${next} is current: ${files.length} files`;
}

async function findFiles(copy: Copy, into: string, signal: AbortSignal): Promise<readonly TargetDestination[]> {
  const files: TargetDestination[] = [];
  for await (const path of copy.listTargets({ signal, mode: "cache-if-valid" })) {
    // Names come from elsewhere: `../x` would lead out of the directory.
    if (!path.split("/").every((name) => isFileName(name, process.platform))) continue;
    const target = await copy.findTarget(path, { signal, mode: "cache-if-valid" });
    if (target !== undefined) files.push({ target, destination: join(into, path) });
  }
  return files;
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const root = await readFile(join(directory, "root.json"));
const copy = createCopy({ repository, root, directory: join(directory, "state") });
while (!stop.signal.aborted) {
  await rm(`${current}.new`, { force: true });
  await update(copy, stop.signal).then(console.log, console.error);
  await copy.close(); // no socket stays open until the next round
  await setTimeout(Number(seconds) * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
}
