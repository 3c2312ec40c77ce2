import type { WriteStore } from "@dtuf/registry";
import type { AliasImage } from "../alias.ts";
import type { Context, Run } from "../../context/command.ts";
import { isImage, openNamed, perPlatform, withStore } from "../dxf.ts";

const digestsOf = ({ blobs }: AliasImage): readonly string[] => blobs.map(({ digest }) => digest);

export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, (store) => context.terminal.printEach("blobs", listBlobs(context, store, names)));

async function* listBlobs(context: Context, store: WriteStore, names: readonly string[]): AsyncIterable<unknown> {
  for (const images of await openNamed(context, store, names)) {
    if (isImage(images)) yield* digestsOf(images);
    else yield perPlatform(images, digestsOf);
  }
}
