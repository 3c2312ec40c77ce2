import { basename } from "node:path";
import { createDigester, fileContent, mediaTypes, openContent, type Descriptor } from "@dtuf/registry";

const title = "org.opencontainers.image.title";

/** One pass over the file. The descriptor carries the file's name, under which `oras pull` writes it. */
export async function hashFile(path: string): Promise<Descriptor> {
  const digester = createDigester();
  let size = 0;
  for await (const chunk of openContent(fileContent(path))) {
    digester.update(chunk);
    size += chunk.length;
  }
  const annotations = new Map([[title, basename(path)]]);
  return { mediaType: mediaTypes.octetStream, digest: digester.digest(), size, annotations };
}
