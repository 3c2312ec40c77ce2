/** Bundles programs of the workspace into single files, for processes that must start fast or cannot follow pnpm's links. */
import { join } from "node:path";
import { build, type Plugin } from "rolldown";

/**
 * @param inputs source files by name
 * @returns the bundled files by the same names
 */
export async function bundle(
  inputs: Readonly<Record<string, string>>,
  directory: string,
  plugins: readonly Plugin[] = [],
): Promise<Readonly<Record<string, string>>> {
  await build({
    input: { ...inputs },
    platform: "node",
    // As the packages are built: Node 22 knows no `using`.
    transform: { target: "es2024" },
    resolve: { conditionNames: ["@dtuf/source", "node", "import", "default"] },
    external: ["bun:sqlite"],
    plugins: [...plugins],
    output: { dir: directory, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
    logLevel: "warn",
  });
  return Object.fromEntries(Object.keys(inputs).map((name) => [name, join(directory, `${name}.mjs`)]));
}
