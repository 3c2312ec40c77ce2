/**
 * A container image of the executable, as an OCI layout: `packed/image`, tag `latest`, for the system that builds it.
 *
 *     pnpm build:image && dtuf sync oci:packed/image docker://registry.example.com/tools/dtuf:0.1.0
 *
 * One layer: `/usr/bin/dtuf`, the shared libraries of this system that it needs, `/tmp`, and a user without rights. The same
 * inputs give the same bytes.
 */
import { execFile } from "node:child_process";
import { mkdir, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { digestOf, encodeImageManifest, parseTag, type Descriptor } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { pack } from "tar-stream";
import { root } from "./bundle.ts";
import { buildExecutable } from "./executable.ts";

const run = promisify(execFile);

interface File {
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
}

/**
 * @param level how hard the layer is compressed
 * @returns the digest of the image's manifest
 */
export async function buildImage(executable: string, directory: string, level = 6): Promise<string> {
  const files = [
    { name: "usr/bin/dtuf", content: await readFile(executable), mode: 0o755 },
    { name: "etc/passwd", content: Buffer.from("dtuf:x:65532:65532:dtuf:/tmp:/sbin/nologin\n"), mode: 0o644 },
    ...(await readLibraries(executable)),
  ];
  const layer = await writeLayer(files);
  const compressed = await promisify(gzip)(layer, { level });
  const store = createLayoutStore({ directory });
  const config = Buffer.from(JSON.stringify(configOf(layer)));
  const parts = {
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layer: describe("application/vnd.oci.image.layer.v1.tar+gzip", compressed),
  };
  await store.put(parts.config, config);
  await store.put(parts.layer, compressed);
  const manifest = encodeImageManifest({ config: parts.config, layers: [parts.layer] });
  await store.put(manifest.descriptor, manifest.bytes, { tags: [parseTag("latest")] });
  return manifest.descriptor.digest;
}

function configOf(layer: Buffer): object {
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: process.platform,
    config: {
      Entrypoint: ["/usr/bin/dtuf"],
      User: "65532:65532",
      WorkingDir: "/tmp",
      Env: ["HOME=/tmp", "PATH=/usr/bin"],
    },
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
  };
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** With the loader that the executable names, at the paths at which it looks for them. */
async function readLibraries(executable: string): Promise<readonly File[]> {
  const { stdout } = await run("ldd", [executable]);
  const paths = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x[0-9a-f]+\)/g)].map(([, path = ""]) => path);
  return Promise.all(
    paths.map(async (path) => {
      const content = await readFile(await realpath(path));
      return { name: path.slice(1), content, mode: 0o755 };
    }),
  );
}

async function writeLayer(files: readonly File[]): Promise<Buffer> {
  const tar = pack();
  const same = { mtime: new Date(0), uid: 0, gid: 0 };
  tar.entry({ ...same, name: "tmp", type: "directory", mode: 0o1777 });
  for (const { name, content, mode } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    tar.entry({ ...same, name, mode, size: content.length }, content);
  }
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Uint8Array>));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = join(root, "packed");
  await mkdir(directory, { recursive: true });
  const path = join(directory, "dtuf-here");
  const executable = await buildExecutable({ node: process.execPath, runs: "here", path });
  await rm(join(directory, "image"), { recursive: true, force: true });
  console.log(`${await buildImage(executable.path, join(directory, "image"))}  ${join(directory, "image")}`);
}
