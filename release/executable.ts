/**
 * Single executables (Node's single-executable applications): a copy of Node that contains the bundled program.
 *
 *     pnpm build:exe [PLATFORM...]     linux-x64, linux-arm64, win-x64; default: all that can be built on this system
 *
 * Node for Linux and Windows comes from npm's packages of it, of the version and with the integrity in node-binaries.json.
 * On macOS the running Node is taken and signed ad hoc; elsewhere nothing for macOS can be signed, so nothing is built.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inject } from "postject";
import { bundleWhole, root } from "./bundle.ts";
import { writeProvenance } from "./provenance.ts";
import binaries from "./node-binaries.json" with { type: "json" };

const run = promisify(execFile);

export type Platform = keyof typeof binaries.binaries;

export interface Executable {
  readonly path: string;
  readonly sha256: string;
}

export interface ExecutableOptions {
  /** The Node to copy. */
  readonly node: string;
  /** "here": it is the Node that runs now, so that compiled code can be put in. */
  readonly runs: "here" | "elsewhere";
  readonly path: string;
}

/** Writes the file, and `<file>.sha256` as `sha256sum --check` reads it. */
export async function buildExecutable({ node, runs, path }: ExecutableOptions): Promise<Executable> {
  const directory = await mkdtemp(join(tmpdir(), "dtuf-executable-"));
  try {
    const { directory: bundled } = await bundleWhole(join(directory, "bundle"));
    const [config, blob, draft] = ["config.json", "blob", "draft"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(
      config,
      JSON.stringify({
        main: join(bundled, "executable.cjs"),
        output: blob,
        disableExperimentalSEAWarning: true,
        useCodeCache: runs === "here",
      }),
    );
    await run(process.execPath, ["--experimental-sea-config", config]);
    await copyFile(node, draft);
    await chmod(draft, 0o755);
    await inject(draft, "NODE_SEA_BLOB", await readFile(blob), {
      sentinelFuse: "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
      ...(process.platform === "darwin" ? { machoSegmentName: "NODE_SEA" } : {}),
    });
    if (process.platform === "darwin") await run("codesign", ["--sign", "-", draft]);
    await moveTo(draft, path);
    return { path, sha256: await writeDigest(path) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function moveTo(draft: string, path: string): Promise<void> {
  await copyFile(draft, `${path}.part`);
  await chmod(`${path}.part`, 0o755);
  await rename(`${path}.part`, path);
}

async function writeDigest(path: string): Promise<string> {
  const sha256 = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  await writeFile(`${path}.sha256`, `${sha256}  ${basename(path)}\n`);
  return sha256;
}

/** Of node-binaries.json, kept below `.cache/`. @throws Error if what npm gives has another digest */
async function fetchNode(platform: Platform): Promise<string> {
  const { package: name, file, integrity } = binaries.binaries[platform];
  const directory = join(root, ".cache/node-binaries", `${platform}-${binaries.version}`);
  await mkdir(directory, { recursive: true });
  const { stdout } = await run("npm", ["pack", `${name}@${binaries.version}`, "--json"], { cwd: directory });
  const [packed] = JSON.parse(stdout) as readonly { readonly filename: string }[];
  const tarball = join(directory, packed?.filename ?? "");
  const got = `sha512-${createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64")}`;
  if (got !== integrity) throw new Error(`${tarball}: wanted ${integrity}, got ${got}`);
  await run("tar", ["-xzf", tarball, file], { cwd: directory });
  return join(directory, file);
}

const here = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/** @throws Error if it cannot be built on this system */
export async function buildFor(platform: string, path: string): Promise<Executable> {
  const known = Object.hasOwn(binaries.binaries, platform);
  if (!known && platform !== here) throw new Error(`${platform}: wanted ${Object.keys(binaries.binaries).join(", ")}`);
  const node = known ? await fetchNode(platform as Platform) : process.execPath;
  return buildExecutable({ node, runs: platform === here ? "here" : "elsewhere", path });
}

async function main(words: readonly string[]): Promise<void> {
  if (process.versions.node !== binaries.version && process.platform !== "darwin") {
    throw new Error(
      `wanted Node ${binaries.version}, whose code goes into the executables; this is ${process.version}`,
    );
  }
  const directory = join(root, "packed");
  await mkdir(directory, { recursive: true });
  const platforms = words.length > 0 ? words : process.platform === "darwin" ? [here] : Object.keys(binaries.binaries);
  for (const platform of platforms) {
    const suffix = platform.startsWith("win") ? ".exe" : "";
    const built = await buildFor(platform, join(directory, `dtuf-${platform}${suffix}`));
    console.log(`${built.sha256}  ${built.path}`);
  }
  await writeProvenance(directory);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
