/** metadataDirectory target [cache]: tuf-js's own client over the same files: refreshes, and finds the target. */
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BaseFetcher, Updater } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";

const [directory = "", target = ""] = process.argv.slice(2);
const base = "https://repository.invalid/";

class DirectoryFetcher extends BaseFetcher {
  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const bytes = await readFile(join(directory, url.slice(base.length))).catch(() => undefined);
    if (bytes === undefined) throw new DownloadHTTPError(`no ${url}`, 404);
    return new Blob([bytes]).stream();
  }
}

const metadataDir = await mkdtemp(join(tmpdir(), "dtuf-bench-tuf-js-"));
try {
  await copyFile(join(directory, "1.root.json"), join(metadataDir, "root.json"));
  const bytes = 1 << 30;
  const config = { snapshotMaxLength: bytes, targetsMaxLength: bytes };
  const updater = new Updater({ metadataDir, metadataBaseUrl: base, fetcher: new DirectoryFetcher(), config });
  await updater.refresh();
  if ((await updater.getTargetInfo(target)) === undefined) throw new Error(`no ${target}`);
} finally {
  await rm(metadataDir, { recursive: true });
}
