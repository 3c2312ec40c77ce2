/** host repository directory size digests…: verified blobs into files, several at a time. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { digestHex, mediaTypes, parseDigest } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";

const [registry = "", repository = "", directory = "", size = "", ...digests] = process.argv.slice(2);
const now = (): Date => new Date();
const client = createRegistryClient({
  ...{ registry, scheme: "http", now, random: Math.random },
  transport: { now, random: Math.random },
});
const store = client.repository(repository);
const queue = digests.map(parseDigest).values();
const pull = async (): Promise<void> => {
  for (const digest of queue) {
    const stream = await store.open({ mediaType: mediaTypes.octetStream, digest, size: Number(size) });
    if (stream === undefined) throw new Error(`no blob ${digest}`);
    await pipeline(stream, createWriteStream(join(directory, digestHex(digest))));
  }
};
await Promise.all(Array.from({ length: 6 }, pull));
await client.close();
