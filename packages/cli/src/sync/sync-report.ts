/** What `sync` says: a line for each image, a sum at the end, and the same for programs. */
import { countLeftBehind, countStatus, describeError, type ImageReport, type SyncReport } from "@dtuf/mirror";
import { describeCount } from "../context/time.ts";

/** `hasReason` is false if the same error ends the command and is told there. */
export function describeImage({ status, source, destination, error }: ImageReport, hasReason = true): string {
  const to = destination === undefined ? "" : ` -> ${destination}`;
  if (status === "deleted" || status === "would-delete") return `${status} ${destination ?? ""}`;
  if (status !== "failed") return `${status} ${source ?? ""}${to}`;
  const failed = `failed ${source ?? destination ?? ""}${source === undefined ? "" : to}`;
  if (!hasReason) return failed;
  const { code, message } = describeError(error);
  return `${failed}: ${message} (${code})`;
}

/** Undefined: nothing was left behind, as far as anybody looked. */
export function describeLeftBehind({ source, leftBehind = [] }: ImageReport): string | undefined {
  if (leftBehind.length === 0) return undefined;
  const names = leftBehind.map(({ digest, artifactType, tag }) => `${digest} (${tag ?? artifactType ?? "no type"})`);
  return `${describeCount(leftBehind.length, "referrer")} left behind of ${source ?? ""}: ${names.join(", ")}`;
}

export function describeSum(report: SyncReport): string {
  const count = (...statuses: Parameters<typeof countStatus>[1][]): number => countStatus(report, ...statuses);
  const { sentBlobs, sentBytes, mountedBlobs } = report.transferred;
  const parts = [
    `${count("copied")} copied`,
    `${count("unchanged")} unchanged`,
    ...(count("would-copy") > 0 ? [`${count("would-copy")} would be copied`] : []),
    ...(count("deleted") > 0 ? [`${count("deleted")} deleted`] : []),
    ...(count("would-delete") > 0 ? [`${count("would-delete")} would be deleted`] : []),
    ...(count("failed") > 0 ? [`${count("failed")} failed`] : []),
    ...(count("skipped") > 0 ? [`${count("skipped")} not begun`] : []),
  ];
  const left = countLeftBehind(report);
  if (left !== undefined) parts.push(`${describeCount(left, "referrer")} left behind`);
  const sent = `${describeCount(sentBlobs, "blob")} sent (${describeCount(sentBytes, "byte")}), ${mountedBlobs} mounted`;
  const [images, sources] = [describeCount(report.images.length, "image"), describeCount(report.sources, "source")];
  return `${images} from ${sources}: ${parts.join(", ")}; ${sent}`;
}

export function reportJson(report: SyncReport): object {
  return {
    images: report.images.map(({ error, ...image }) => ({
      ...image,
      ...(error === undefined ? {} : { error: describeError(error) }),
    })),
    transferred: report.transferred,
    referrersLeftBehind: countLeftBehind(report),
    sources: report.sources,
  };
}
