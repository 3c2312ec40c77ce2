/** Publishes a simulator's repository for real sources: in an OCI store (format 1), in a directory, over HTTP. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { encodeRelease, encodeRole, encodeTarget, latestTag, type Artifact } from "@dtuf/format";
import { digestOf, mediaTypes, type WriteStore } from "@dtuf/registry";
import { parseRoleName } from "@dtuf/tuf";
import { startHttpServer, type HttpLoopbackServer } from "../http-servers.ts";
import type { TufSimulator } from "./tuf-simulator.ts";

/** Pushes a repository as the publisher does, without the publisher's code. */
export async function publishToStore(sim: TufSimulator, store: WriteStore): Promise<void> {
  for (const bytes of sim.targetFiles.values()) {
    const descriptor = { mediaType: mediaTypes.octetStream, digest: digestOf(bytes), size: bytes.length };
    if (bytes.length > 0) await store.put(descriptor, bytes);
  }
  for (const [name, { version, targets }] of sim.delegates) {
    const metadata = fileOf(sim, `${version}.${name}.json`);
    for (const artifact of encodeRole({ name: parseRoleName(name), version, metadata })) {
      await putArtifact(store, artifact);
    }
    for (const [path, file] of targets) await putArtifact(store, encodeTarget(path, file));
  }
  for (const [path, file] of sim.targets.targets) await putArtifact(store, encodeTarget(path, file));
  const names = [...sim.files.keys()].filter((name) => name.endsWith(".root.json"));
  names.push(`${sim.snapshot.version}.snapshot.json`, `${sim.targets.version}.targets.json`, "timestamp.json");
  const files = names.map((name) => ({ name, bytes: fileOf(sim, name) }));
  const release = encodeRelease({ files, timestampVersion: sim.timestamp.version });
  await putArtifact(store, release);
  await store.tag(latestTag, release.manifest.descriptor);
}

async function putArtifact(store: WriteStore, artifact: Artifact | undefined): Promise<void> {
  if (artifact === undefined) return;
  for (const { descriptor, bytes } of artifact.blobs) await store.put(descriptor, bytes);
  await store.put(artifact.manifest.descriptor, artifact.manifest.bytes, { tags: artifact.tags });
}

function fileOf(sim: TufSimulator, name: string): Uint8Array {
  const bytes = sim.files.get(name);
  if (bytes === undefined) throw new TypeError(`the simulator has not published ${name}`);
  return bytes;
}

export interface PlainRepository {
  readonly metadataDirectory: string;
  readonly targetDirectory: string;
}

/** Writes `metadata` and `targets` below `directory`, with the file names of TUF's repository tools. */
export async function publishToDirectory(sim: TufSimulator, directory: string): Promise<PlainRepository> {
  const metadataDirectory = join(directory, "metadata");
  const targetDirectory = join(directory, "targets");
  await mkdir(metadataDirectory, { recursive: true });
  for (const [name, bytes] of sim.files) {
    const [, version = "", role = ""] = /^([0-9]+\.)?(.*)\.json$/.exec(name) ?? [];
    await writeFile(join(metadataDirectory, `${version}${encodeURIComponent(role)}.json`), bytes);
  }
  for (const [path, bytes] of sim.targetFiles) {
    const hash = createHash("sha256").update(bytes).digest("hex");
    const file = join(targetDirectory, dirname(path), `${hash}.${path.split("/").at(-1) ?? ""}`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  return { metadataDirectory, targetDirectory };
}

/** Serves a directory, with ranges. `%2F` in a URL is part of a file's name. */
export async function serveDirectory(directory: string): Promise<HttpLoopbackServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "", "http://loopback");
    const path = decodeURIComponent(pathname.replaceAll("%2F", "%252F"));
    const bytes = await readFile(join(directory, path)).catch(() => undefined);
    const from = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (bytes === undefined) {
      response.writeHead(404).end();
    } else if (from > 0) {
      const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(206, range).end(bytes.subarray(from));
    } else {
      response.writeHead(200).end(bytes);
    }
  };
  return startHttpServer((request, response) => void answer(request, response));
}
