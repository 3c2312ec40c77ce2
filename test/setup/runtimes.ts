/** The JavaScript runtimes that programs which embed the client use, and a bundler, all from npm. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const system = `${process.platform}-${process.arch}`;

const packages = {
  "node-oldest": `npm:node-${system}@22.12.0`,
  "node-newer": `npm:node-${system}@24.15.0`,
  bun: "1.4.5",
  deno: "2.9.6",
  esbuild: "0.28.2",
};

export interface Runtime {
  readonly name: string;
  readonly program: string;
  /** Before the name of the file to run. */
  readonly words: readonly string[];
}

export interface Runtimes {
  readonly all: readonly Runtime[];
  /** A file that Node runs. */
  readonly esbuild: string;
}

/** Into `directory`, which lasts from run to run. Their installation scripts are not run: the binaries are packages too. */
export async function fetchRuntimes(directory: string): Promise<Runtimes> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "package.json"), JSON.stringify({ private: true, dependencies: packages }));
  await writeFile(join(directory, "pnpm-workspace.yaml"), "packages: []\nnodeLinker: hoisted\n");
  const words = ["install", "--no-frozen-lockfile", "--prefer-offline", "--ignore-scripts"];
  await run("pnpm", words, { cwd: directory });
  const modules = join(directory, "node_modules");
  const windows = process.platform === "win32";
  const node = windows ? ["node.exe"] : ["bin", "node"];
  const libc = process.platform === "linux" ? "-glibc" : "";
  const suffix = windows ? ".exe" : "";
  return {
    all: [
      { name: "Node 22.12", program: join(modules, "node-oldest", ...node), words: [] },
      { name: "Node 24.15", program: join(modules, "node-newer", ...node), words: [] },
      { name: "Bun", program: join(modules, "@oven", `bun-${system}`, "bin", `bun${suffix}`), words: [] },
      {
        name: "Deno",
        program: join(modules, "@deno", `${system}${libc}`, `deno${suffix}`),
        words: ["run", "--allow-all", "--no-lock"],
      },
    ],
    esbuild: join(modules, "esbuild", "bin", "esbuild"),
  };
}
