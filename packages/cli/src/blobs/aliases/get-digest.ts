import { OciError } from "@dtuf/registry";
import type { AliasImage } from "../alias.ts";
import type { Run } from "../../context/command.ts";
import { isImage, openNamed, perPlatform, withStore } from "../dxf.ts";

/** The config's digest: `docker inspect`'s Id for an image, the first blob's for an alias made here. */
function configOf({ config, digest }: AliasImage): string {
  if (config !== undefined) return config;
  throw new OciError("OCI_UNSUPPORTED", `the manifest ${digest} is of schema 1 and has no config`);
}

export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (store) => {
    const named = await openNamed(context, store, names);
    const digests = named.map((images) => (isImage(images) ? configOf(images) : perPlatform(images, configOf)));
    await context.terminal.printEach("digests", digests);
  });
