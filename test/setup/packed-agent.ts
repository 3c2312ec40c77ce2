/** Examples, installed from the packed packages as their users would install them. */
import { execFile } from "node:child_process";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const workspace = fileURLToPath(new URL("../../", import.meta.url));

/** Those that programs embed. */
const embedded = ["registry", "tuf", "format", "delta", "copy"] as const;

export interface Installed {
  readonly directory: string;
  /** What the package manager said. */
  readonly said: string;
}

/** examples/agent. */
export function installAgent(directory: string): Promise<Installed> {
  return installExample("agent", directory, embedded);
}

/** With all that an updater needs. */
export function installUpdater(example: string, directory: string): Promise<Installed> {
  return installExample(example, directory, [...embedded, "agent"]);
}

/** Packed anew: what is tested is what would be published now. No build of native code is allowed, and none is needed. */
async function installExample(example: string, directory: string, packages: readonly string[]): Promise<Installed> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, "packed"), { recursive: true });
  await run("pnpm", ["-s", "build"], { cwd: workspace });
  for (const name of packages) {
    await run("pnpm", ["pack", "--out", join(directory, "packed", `${name}.tgz`)], {
      cwd: join(workspace, "packages", name),
    });
  }
  await cp(join(workspace, "examples", example), directory, { recursive: true });
  const overrides = packages.map((name) => `  "@dtuf/${name}": "file:./packed/${name}.tgz"\n`).join("");
  await writeFile(join(directory, "pnpm-workspace.yaml"), `packages: []\noverrides:\n${overrides}`);
  const { stdout, stderr } = await run("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"], {
    cwd: directory,
  });
  return { directory, said: stdout + stderr };
}
