/**
 * The npm packages of this checkout, in `packed/`: `npm install -g packed/dtuf-VERSION.tgz`. Beside each is the list of its
 * parts (`.cdx.json`), beside all of them `SHA256SUMS` and a statement of where they come from. The same commit and the same
 * Node give the same bytes.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundlePrograms, root } from "./bundle.ts";
import { findSources, writeProvenance } from "./provenance.ts";
import { describeParts } from "./sbom.ts";

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
}

/** What was compiled before is deleted first: a package never holds a file whose source is gone. */
export async function packAll(directory: string): Promise<readonly string[]> {
  const packages = await readdir(join(root, "packages"));
  for (const name of packages) await rm(join(root, "packages", name, "dist"), { recursive: true, force: true });
  await rm(join(root, ".build"), { recursive: true, force: true });
  await run("pnpm", ["-s", "build"], { cwd: root });
  const bundle = await bundlePrograms();
  const { time } = await findSources();
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const tarballs: string[] = [];
  for (const name of packages) {
    const folder = join(root, "packages", name);
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
    if (manifest.private === true) continue;
    const { stdout } = await run("pnpm", ["pack", "--json", "--pack-destination", directory], { cwd: folder });
    const tarball = (JSON.parse(stdout) as { readonly filename: string }).filename;
    const bundled = manifest.name === "dtuf" ? bundle.packages : undefined;
    await writeFile(tarball.replace(/\.tgz$/, ".cdx.json"), await describeParts(manifest.name, { bundled, time }));
    tarballs.push(tarball);
  }
  await writeProvenance(directory);
  return tarballs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const tarball of await packAll(join(root, "packed"))) console.log(tarball);
}
