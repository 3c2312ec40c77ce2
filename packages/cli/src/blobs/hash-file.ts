import { basename } from "node:path";
import {
  createDigester,
  fileContent,
  hasCapability,
  mediaTypes,
  openContent,
  type Descriptor,
  type PutOptions,
  type WriteStore,
} from "@dtuf/registry";
import { readFileIdentity, verifyUnchanged } from "@dtuf/registry/files";

const title = "org.opencontainers.image.title";

/** One pass over the file. The descriptor carries the file's name, under which `oras pull` writes it. */
export async function hashFile(path: string): Promise<Descriptor> {
  const digester = createDigester();
  let size = 0;
  for await (const chunk of openContent(fileContent(path))) {
    digester.update(chunk);
    size += chunk.length;
  }
  return titled({ mediaType: mediaTypes.octetStream, digest: digester.digest(), size }, path);
}

/** Smaller files are hashed first: that is quicker than a third request. */
const streamMinBytes = 4 * 1024 * 1024;

/** Puts a file. A large one is hashed while it is sent. @throws FileError FILE_CHANGED and others; OciError */
export async function putFile(store: WriteStore, path: string, options: PutOptions): Promise<Descriptor> {
  const file = await readFileIdentity(path);
  if (file.size < streamMinBytes || !hasCapability(store, "putNew")) {
    const descriptor = await hashFile(path);
    await store.put(descriptor, fileContent(path), options);
    return descriptor;
  }
  const descriptor = await store.putNew({ source: fileContent(path), size: file.size, name: path }, options);
  await verifyUnchanged(file);
  return titled(descriptor, path);
}

function titled(descriptor: Descriptor, path: string): Descriptor {
  return { ...descriptor, annotations: new Map([[title, basename(path)]]) };
}
