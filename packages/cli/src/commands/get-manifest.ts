import type { Run } from "../command.ts";
import { isImage, openNamed, perPlatform, withStore } from "../dxf.ts";

/** The bytes of the manifest, as they are; of several platforms, JSON with each manifest as a string. */
export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (store) => {
    for (const images of await openNamed(context, store, names)) {
      if (isImage(images)) await context.terminal.writeBytes(images.bytes);
      else
        await context.terminal.writeBytes(
          Buffer.from(perPlatform(images, ({ bytes }) => Buffer.from(bytes).toString())),
        );
    }
  });
