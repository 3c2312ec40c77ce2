import { OciError } from "@dtuf/registry";
import type { AliasImage } from "../alias.ts";
import type { Run } from "../command.ts";
import { isImage, openNamed, perPlatform, withStore } from "../dxf.ts";

/** The config's digest: `docker inspect`'s Id for an image, the first blob's for an alias made here. */
function configOf({ config, digest }: AliasImage): string {
  if (config !== undefined) return config;
  throw new OciError("OCI_UNSUPPORTED", `the manifest ${digest} is of schema 1 and has no config`);
}

export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (store) => {
    for (const images of await openNamed(context, store, names)) {
      await context.terminal.print(isImage(images) ? configOf(images) : perPlatform(images, configOf));
    }
  });
