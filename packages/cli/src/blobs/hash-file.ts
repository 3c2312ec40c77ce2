import { basename, resolve } from "node:path";
import { createDigester, fileContent, mediaTypes, openContent, type Descriptor } from "@dtuf/registry";

const title = "org.opencontainers.image.title";

/** One pass over the file. The descriptor carries the file's name, under which `oras pull` writes it. */
export async function hashFile(file: string, cwd: string): Promise<Descriptor> {
  const digester = createDigester();
  let size = 0;
  for await (const chunk of openContent(fileContent(resolve(cwd, file)))) {
    digester.update(chunk);
    size += chunk.length;
  }
  const annotations = new Map([[title, basename(file)]]);
  return { mediaType: mediaTypes.octetStream, digest: digester.digest(), size, annotations };
}
