/**
 * The command line as few, small files: `packages/cli/bundle/`. Everything that a command does not need stays in a file of
 * its own that is not read. CommonJS, because Node starts it sooner than modules, and because a single executable needs it.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown, type OutputChunk, type OutputOptions, type Plugin } from "rolldown";

export const root: string = fileURLToPath(new URL("../", import.meta.url));
const cli = join(root, "packages/cli");
const bin = (program: string): string => join(cli, "src/bin", `${program}.ts`);

export interface Bundle {
  readonly directory: string;
  /** Names below the directory. */
  readonly files: readonly string[];
  /** `name@version` of the packages of others whose code is in it. */
  readonly packages: ReadonlySet<string>;
}

/** The programs `dtuf` and `dxf`, which share their files. */
export async function bundlePrograms(): Promise<Bundle> {
  const directory = join(cli, "bundle");
  const input = { dtuf: bin("dtuf"), dxf: bin("dxf") };
  return write(input, { dir: directory, chunkFileNames: "parts/[name]-[hash].cjs" });
}

/** One file, for an executable that finds no files beside it. */
export async function bundleWhole(directory: string): Promise<Bundle> {
  return write({ executable: bin("executable") }, { dir: directory, codeSplitting: false });
}

async function write(input: Readonly<Record<string, string>>, output: OutputOptions): Promise<Bundle> {
  const directory = output.dir ?? "";
  await rm(directory, { recursive: true, force: true });
  const bundle = await rolldown({
    input,
    platform: "node",
    // Read if they are installed.
    external: ["keytar", "koffi", "bun:sqlite"],
    resolve: { conditionNames: ["@dtuf/source", "node", "import", "default"] },
    plugins: [withoutSubprograms],
    onLog: (level, log) => {
      // Several commands need the module, so it is loaded anyway.
      if (level === "warn" && log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") throw new Error(`bundle: ${log.message}`);
    },
  });
  const written = await bundle.write({ format: "cjs", minify: true, entryFileNames: "[name].cjs", ...output });
  await bundle.close();
  const chunks = written.output.filter((each) => each.type === "chunk");
  const { packages, text } = await collectLicences(chunks);
  await writeFile(join(directory, licences), text);
  return { directory, files: [...chunks.map(({ fileName }) => fileName), licences], packages };
}

/** commander loads it for commands that are programs of their own; there are none. */
const withoutSubprograms: Plugin = {
  name: "without-subprograms",
  resolveId: (source, importer) =>
    source === "node:child_process" && importer?.includes("/commander/") === true ? "\0no-child-process" : null,
  load: (id) => (id === "\0no-child-process" ? "export default {};" : null),
};

const licences = "THIRD-PARTY-LICENSES.txt";

/** Of every package whose code is in the bundle. @throws Error if a package has no licence file */
async function collectLicences(
  chunks: readonly OutputChunk[],
): Promise<{ readonly packages: ReadonlySet<string>; readonly text: string }> {
  const folders = new Set<string>();
  for (const { moduleIds } of chunks) {
    for (const id of moduleIds) {
      const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id) ?? [];
      if (folder !== undefined) folders.add(folder);
    }
  }
  const packages = new Set<string>();
  const texts: string[] = [];
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    packages.add(`${name}@${version}`);
    texts.push(`${name} ${version} (${license ?? "no name given"})\n\n${await readLicence(folder)}`);
  }
  return { packages, text: texts.toSorted().join(`\n\n${"-".repeat(80)}\n\n`) };
}

async function readLicence(folder: string): Promise<string> {
  for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "License"]) {
    const text = await readFile(join(folder, name), "utf8").catch(() => undefined);
    if (text !== undefined) return text.trim();
  }
  throw new Error(`${dirname(folder)}: ${folder} has no licence file`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { directory, files } = await bundlePrograms();
  console.log(`${directory}: ${files.length} files`);
}
