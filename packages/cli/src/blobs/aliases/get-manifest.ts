import type { AliasImage } from "../alias.ts";
import type { Run } from "../../context/command.ts";
import { isImage, openNamed, perPlatform, withStore } from "../dxf.ts";

const textOf = ({ bytes }: AliasImage): string => Buffer.from(bytes).toString("utf8");

/** The bytes of the manifest, as they are; of several platforms, JSON with each manifest as a string. */
export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (store) => {
    for (const images of await openNamed(context, store, names)) {
      const manifest = isImage(images) ? images.bytes : Buffer.from(JSON.stringify(perPlatform(images, textOf)));
      await context.terminal.writeBytes(manifest);
    }
  });
