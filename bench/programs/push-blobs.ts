/** host repository files…: what `push-blob` does for each, several at a time, as a program that embeds @dtuf/registry. */
import { mediaTypes, createDigester, fileContent } from "@dtuf/registry";
import { createRegistryClient } from "@dtuf/registry/remote";

const [registry = "", repository = "", ...files] = process.argv.slice(2);
const now = (): Date => new Date();
const client = createRegistryClient({
  ...{ registry, scheme: "http", now, random: Math.random },
  transport: { now, random: Math.random },
});
const store = client.repository(repository);
const queue = files.values();
const push = async (): Promise<void> => {
  for (const path of queue) {
    const content = fileContent(path);
    const digester = createDigester();
    let size = 0;
    for await (const chunk of content.open(0)) {
      digester.update(chunk);
      size += chunk.length;
    }
    await store.put({ mediaType: mediaTypes.octetStream, digest: digester.digest(), size }, content);
  }
};
await Promise.all(Array.from({ length: 6 }, push));
await client.close();
