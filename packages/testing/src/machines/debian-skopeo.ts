/** skopeo, an independent reader and writer of OCI content: the system's own or Debian's, unpacked. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fetchDebianPackages } from "./debian-packages.ts";

const run = promisify(execFile);

export interface Skopeo {
  /** Runs `skopeo <args>` and returns its stdout. If it fails, rejects with stderr in the message. */
  run(args: readonly string[]): Promise<string>;
}

export async function fetchDebianSkopeo({ cacheDirectory }: { readonly cacheDirectory: string }): Promise<Skopeo> {
  const installed = createSkopeo("skopeo", {});
  const there = await installed.run(["--version"]).then(
    () => true,
    () => false,
  );
  if (there) return installed;
  const root = await fetchDebianPackages({
    cacheDirectory,
    packages: ["skopeo", "libgpgme11", "libassuan0", "libdevmapper1.02.1"],
    file: "usr/bin/skopeo",
  });
  const libraries = await Promise.all(["lib", "usr/lib"].map((folder) => libraryFolders(join(root, folder))));
  return createSkopeo(join(root, "usr/bin/skopeo"), { LD_LIBRARY_PATH: libraries.flat().join(":") });
}

/** The folders per architecture, as in usr/lib/x86_64-linux-gnu. */
async function libraryFolders(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.includes("-linux-")).map((name) => join(folder, name));
}

function createSkopeo(program: string, environment: Readonly<Record<string, string>>): Skopeo {
  return {
    async run(args) {
      // Without the package's configuration there is no policy file; only the tests' own content is copied.
      const all = ["--insecure-policy", ...args];
      const { stdout } = await run(program, all, { env: { ...process.env, ...environment }, maxBuffer: 1 << 26 });
      return stdout;
    },
  };
}
