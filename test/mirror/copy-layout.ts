/** Copies every image of a layout, through the library alone, one thing after the other. */
import { join } from "node:path";
import {
  createDestinations,
  createImageReference,
  growArchive,
  listLayouts,
  sync,
  type ImageReference,
} from "@dtuf/mirror";

const now = (): Date => new Date();

/** Into directories. */
export function copyLayout(layout: string, directory: string): Promise<void> {
  return copyInto(createImageReference("dir", directory), layout);
}

/** Into `images.tar` there, as `sync oci:LAYOUT oci-archive:FILE` does. */
export async function copyToArchive(layout: string, directory: string): Promise<void> {
  const archive = await growArchive(join(directory, "images.tar"));
  try {
    await copyInto(createImageReference("oci", archive.directory), layout);
    await archive.commit();
  } finally {
    await archive.release();
  }
}

async function copyInto(destination: ImageReference, layout: string): Promise<void> {
  const report = await sync(await listLayouts(createImageReference("oci", layout), { now }), {
    naming: { destination, scoped: false, appendSuffix: "" },
    destinations: createDestinations({ now }),
    images: 1,
    concurrency: 1,
  });
  const failed = report.images.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw failed.error;
}
