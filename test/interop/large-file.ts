/** A file above 4 GiB goes to Debian's registry and comes back. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createCopy } from "@dtuf/copy";
import { findTargetBlobs } from "@dtuf/format";
import { createMaster } from "@dtuf/master";
import { fetchDebianRegistry, startRegistry } from "@dtuf/testing/machines/debian-registry";
import type { Outcome } from "./outcome.ts";

const gibibyte = 2 ** 30;
/** Two parts of the size that publishers cut by default. */
const largeBytes = 4.5 * gibibyte;

export async function runLargeFile(bytes: number = largeBytes): Promise<Outcome> {
  const home = await mkdtemp(join(tmpdir(), "dtuf-large-"));
  const binary = await fetchDebianRegistry({ cacheDirectory: resolve(import.meta.dirname, "../../.cache/debian") });
  const registry = await startRegistry({ binary, dataDirectory: join(home, "registry") });
  try {
    const [path, output] = [join(home, "disk.img"), join(home, "out.img")];
    await writeSparse(path, bytes);
    const repository = `${registry.host}/interop/large`;
    const given = { repository, scheme: "http" } as const;
    await using master = createMaster({ ...given, directory: join(home, "master") });
    await master.createRootKey();
    await master.createMetadataKeys();
    await master.createMetadata();
    const file = await master.pushTarget("disk.img", [{ kind: "file", path }]);
    await master.pushMetadata();
    const sizes = (findTargetBlobs(file) ?? []).map(({ size }) => size);
    await using copy = createCopy({ ...given, directory: join(home, "copy") });
    await copy.pullMetadata({ pin: { kind: "root", bytes: await master.rootFile() } });
    const target = await copy.findTarget("disk.img");
    if (target !== undefined) await copy.saveTarget(target, output);
    const faults = [
      ...(sizes.every((size) => size <= 4 * gibibyte) ? [] : [`a part has ${Math.max(...sizes)} bytes`]),
      ...((await hashOf(output)) === (await hashOf(path)) ? [] : ["it came back as other bytes"]),
    ];
    const did = `a file of ${bytes} bytes is stored in ${sizes.length} blobs, and comes back`;
    return { kind: "ran", peer: "Debian's docker-registry", did, faults };
  } finally {
    await registry.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Zeros, with random bytes every 64 MiB. */
async function writeSparse(path: string, bytes: number): Promise<void> {
  await using file = await open(path, "w");
  await file.truncate(bytes);
  for (let at = 12_345; at + 100_000 < bytes; at += 2 ** 26) await file.write(randomBytes(100_000), 0, 100_000, at);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
