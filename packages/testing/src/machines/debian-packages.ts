/**
 * Programs from Debian packages, unpacked without root rights: the system is not changed, everything is in
 * the caller's folder, and packages are fetched only once.
 */
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface DebianPackages {
  readonly cacheDirectory: string;
  readonly packages: readonly [string, ...string[]];
  /** A file of the packages, relative to the root. If it exists, the packages are unpacked. */
  readonly file: string;
}

/** Fetches and unpacks the packages unless that was done before. Returns the folder that replaces `/`. */
export async function fetchDebianPackages({ cacheDirectory, packages, file }: DebianPackages): Promise<string> {
  const root = resolve(cacheDirectory, packages[0]);
  if (await exists(join(root, file))) return root;
  await mkdir(cacheDirectory, { recursive: true });
  const work = await mkdtemp(resolve(cacheDirectory, `${packages[0]}-`));
  try {
    await download(work, packages);
    const unpacked = join(work, "root");
    for (const name of await readdir(work)) {
      if (name.endsWith(".deb")) await run("dpkg", ["-x", join(work, name), unpacked]);
    }
    // If another run has created the folder in the meantime, that folder is used.
    await rename(unpacked, root).catch(async (error: unknown) => {
      if (!(await exists(join(root, file)))) throw error;
    });
    return root;
  } catch (cause) {
    throw new Error(`could not fetch ${packages.join(", ")} with apt-get: ${String(cause)}`, { cause });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The hooks of container images delete the system's caches after an update; `#clear` removes these hooks. */
const aptConfiguration = (work: string): string => `
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "${work}/state";
Dir::State::status "${work}/state/status";
Dir::Cache "${work}/cache";
Dir::Log "${work}/log";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
`;

async function download(work: string, packages: readonly string[]): Promise<void> {
  await mkdir(join(work, "state/lists/partial"), { recursive: true });
  await mkdir(join(work, "cache/archives/partial"), { recursive: true });
  await writeFile(join(work, "state/status"), "");
  const configuration = join(work, "apt.conf");
  await writeFile(configuration, aptConfiguration(work));
  const options = { cwd: work, maxBuffer: 1 << 26 };
  // The machine's other sources may be broken; only the following download must find the packages.
  const updated = await run("apt-get", ["-c", configuration, "update"], options).then(
    () => "",
    (error: unknown) => `; before that: ${String(error)}`,
  );
  await run("apt-get", ["-c", configuration, "download", ...packages], options).catch((cause: unknown) => {
    throw new Error(`${String(cause)}${updated}`, { cause });
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
