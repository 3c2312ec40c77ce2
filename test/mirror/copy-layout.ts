/** Copies every image of a layout into directories, through the library alone. */
import { createDestinations, createPlace, listLayouts, sync } from "@dtuf/mirror";

const now = (): Date => new Date();
const unreachable = { repository: () => Promise.reject(new TypeError("there is no registry")) };

export async function copyLayout(layout: string, directory: string): Promise<void> {
  const sources = await listLayouts(createPlace("oci", layout), {
    now,
    filters: { include: [], exclude: [] },
    signatures: "take",
    map: new Map(),
  });
  const report = await sync(sources, {
    naming: { destination: createPlace("dir", directory), scope: "unscoped", appendSuffix: "" },
    destinations: createDestinations({ registries: unreachable, now }),
    platforms: "all",
    referrers: "leave",
    signatures: "keep",
    deletion: "keep",
    onFailure: "stop",
    mode: "copy",
    images: 1,
    concurrency: 1,
    retry: { times: 0, delayMs: undefined },
    sleep: () => Promise.resolve(),
  });
  const failed = report.images.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw failed.error;
}
