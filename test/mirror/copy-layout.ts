/** Copies every image of a layout into directories, through the library alone, one thing after the other. */
import { createDestinations, createPlace, listLayouts, sync } from "@dtuf/mirror";

const now = (): Date => new Date();

export async function copyLayout(layout: string, directory: string): Promise<void> {
  const report = await sync(await listLayouts(createPlace("oci", layout), { now }), {
    naming: { destination: createPlace("dir", directory), scope: "unscoped", appendSuffix: "" },
    destinations: createDestinations({ now }),
    images: 1,
    concurrency: 1,
  });
  const failed = report.images.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw failed.error;
}
