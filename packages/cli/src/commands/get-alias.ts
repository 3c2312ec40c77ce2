import type { AliasImage } from "../alias.ts";
import type { Run } from "../command.ts";
import { isImage, openNamed, perPlatform, withStore } from "../dxf.ts";

const digests = ({ blobs }: AliasImage): readonly string[] => blobs.map(({ digest }) => digest);

export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (store) => {
    for (const images of await openNamed(context, store, names)) {
      const lines = isImage(images) ? digests(images) : [perPlatform(images, digests)];
      for (const line of lines) await context.terminal.print(line);
    }
  });
