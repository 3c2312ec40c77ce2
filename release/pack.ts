/** The npm packages of this checkout, in `packed/`: `npm install -g packed/dtuf-VERSION.tgz`. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundlePrograms, root } from "./bundle.ts";

const run = promisify(execFile);

/** What was compiled before is deleted first: a package never holds a file whose source is gone. */
export async function packAll(directory: string): Promise<readonly string[]> {
  const packages = await readdir(join(root, "packages"));
  for (const name of packages) await rm(join(root, "packages", name, "dist"), { recursive: true, force: true });
  await rm(join(root, ".build"), { recursive: true, force: true });
  await run("pnpm", ["-s", "build"], { cwd: root });
  await bundlePrograms();
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const tarballs: string[] = [];
  for (const name of packages) {
    const folder = join(root, "packages", name);
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { readonly private?: boolean };
    if (manifest.private === true) continue;
    const { stdout } = await run("pnpm", ["pack", "--json", "--pack-destination", directory], { cwd: folder });
    tarballs.push((JSON.parse(stdout) as { readonly filename: string }).filename);
  }
  return tarballs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const tarball of await packAll(join(root, "packed"))) console.log(tarball);
}
