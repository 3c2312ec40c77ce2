import { hasCapability, mediaTypes, OciError, parseRepositoryName } from "@dtuf/registry";
import type { Run } from "../context/command.ts";
import { findBlob, parseAliasToSet, parseDigestArgument, setAlias, withStore } from "./dxf.ts";
import { openRepository } from "../connection/connection.ts";

export const run: Run = async (context, [repo = "", from = "", hash = "", word]) => {
  const alias = parseAliasToSet(word);
  const digest = parseDigestArgument(hash);
  const source = parseRepositoryName(from);
  const options = { signal: context.io.signal };
  const size = await sizeAt(source);
  return withStore(context, repo, async (store) => {
    const blob = { mediaType: mediaTypes.octetStream, digest, size };
    const mounted = hasCapability(store, "mount") && (await store.mount(blob, source, options));
    if (!mounted) {
      throw new OciError("OCI_UNSUPPORTED", `the registry did not mount ${digest} from ${source}`, {
        details: { digest, from: source },
      });
    }
    if (alias !== undefined) await setAlias(store, { alias, blobs: [blob] }, options);
    await context.terminal.printEach("digests", [digest]);
  });

  async function sizeAt(repository: string): Promise<number> {
    const connection = await openRepository(context, repository);
    try {
      return (await findBlob(connection.store, digest, options)).size;
    } finally {
      await connection.close();
    }
  }
};
