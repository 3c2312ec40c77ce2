/** Attacks by someone who controls the registry. */
import { createHash } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { latestTag, parseRelease } from "@dtuf/format";
import type { WriteStore } from "@dtuf/registry";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createRegistryClient, createStaticCredentials } from "@dtuf/registry/remote";

export interface Attack {
  /** The attacked registry, as the victim names it. */
  readonly host: string;
  end(): Promise<void>;
}

/** Changes one byte of a blob on disk; `end` restores it. */
export async function corruptLayoutBlob(host: string, repo: string, original: string): Promise<Attack> {
  const bytes = await readFile(original);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const path = join(host.slice("oci:".length), repo, "blobs", "sha256", digest);
  const middle = Math.floor(bytes.length / 2);
  const changed = Buffer.from(bytes);
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, changed);
  return { host, end: () => writeFile(path, bytes) };
}

/** Moves `latest` to the previous release. The returned function moves it back. */
export async function rollBackLatest(host: string, repo: string): Promise<() => Promise<void>> {
  const opened = openStore(host, repo);
  const { store } = opened;
  const newest = await store.resolve(latestTag, { want: "bytes" });
  const predecessor = newest?.bytes === undefined ? undefined : parseRelease(newest.bytes).predecessor;
  const older = predecessor === undefined ? undefined : await store.resolve(predecessor, { want: "digest" });
  if (newest === undefined || older === undefined) throw new Error("the repository has fewer than two releases");
  await store.tag(latestTag, older.descriptor);
  return async () => {
    await store.tag(latestTag, newest.descriptor);
    await opened.close();
  };
}

function openStore(host: string, repo: string): { store: WriteStore; close(): Promise<void> } {
  if (host.startsWith("oci:")) {
    const store = createLayoutStore({ directory: join(host.slice("oci:".length), repo) });
    return { store, close: () => Promise.resolve() };
  }
  const { DTUF_USERNAME: username, DTUF_PASSWORD: password, DTUF_INSECURE: insecure } = process.env;
  const door = { now: () => new Date(), random: Math.random };
  const client = createRegistryClient({
    registry: host,
    scheme: insecure === "1" ? "http" : "https",
    transport: door,
    ...door,
    ...(username === undefined || password === undefined
      ? {}
      : { credentials: createStaticCredentials({ kind: "basic", username, password }) }),
  });
  return { store: client.repository(repo), close: () => client.close() };
}
