/** What a program's own tracing sees of a client: docs/tracing.md. Nothing is told that is a secret. */
import type { ByteStream } from "@dtuf/registry";
import { redactPlace } from "@dtuf/registry/escape";
import { createTrace } from "@dtuf/registry/tracing";
import type { PullMetadataOptions, RefreshResult } from "./calls.ts";
import type { RefreshMode } from "./refresh/pull-metadata.ts";
import type { TargetInfo } from "./sources/source.ts";
import type { SavedTarget, SaveOutcome } from "./targets/ways.ts";

/** Message of `dtuf:copy:refresh`: one `pullMetadata`. */
export interface RefreshTold {
  /** Where the repository is; a URL without userinfo and query. */
  readonly place: string;
  readonly mode: RefreshMode;
}

export interface RefreshOutcome {
  readonly status: RefreshResult["status"];
  /** Role to version. */
  readonly versions: Readonly<Record<string, number>>;
}

/** Message of `dtuf:copy:save`, a target that is saved, and of `dtuf:copy:open`, one until its stream can be read. */
export interface TargetTold {
  readonly path: string;
  readonly length: number;
}

export interface SaveTraceOutcome {
  readonly outcome: SaveOutcome;
  readonly fetchedBytes: number;
  readonly requests: number;
}

export type OpenOutcome = Readonly<Record<string, never>>;

const refreshTrace = createTrace<RefreshTold, RefreshOutcome>("dtuf:copy:refresh");
const saveTrace = createTrace<TargetTold, SaveTraceOutcome>("dtuf:copy:save");
const openTrace = createTrace<TargetTold, OpenOutcome>("dtuf:copy:open");

export function tracedRefresh(
  { place }: { readonly place: string },
  { mode = "online" }: PullMetadataOptions = {},
  work: () => Promise<RefreshResult>,
): Promise<RefreshResult> {
  const tell = (): RefreshTold => ({ place: tellPlace(place), mode });
  return refreshTrace.run(work, tell, ({ status, versions }) => ({ status, versions: Object.fromEntries(versions) }));
}

export function tracedSave<Report extends Pick<SavedTarget, keyof SaveTraceOutcome>>(
  target: TargetInfo,
  work: () => Promise<Report>,
): Promise<Report> {
  return saveTrace.run(
    work,
    () => tellTarget(target),
    ({ outcome, fetchedBytes, requests }) => ({
      outcome,
      fetchedBytes,
      requests,
    }),
  );
}

export function tracedOpen(target: TargetInfo, work: () => Promise<ByteStream>): Promise<ByteStream> {
  return openTrace.run(
    work,
    () => tellTarget(target),
    () => ({}),
  );
}

function tellTarget({ path, length }: TargetInfo): TargetTold {
  return { path, length };
}

/** Without userinfo and query: both can be secrets. Of a URL that cannot be parsed only the scheme is told. */
function tellPlace(place: string): string {
  const scheme = /^\s*[a-z][a-z\d+.-]*:\/\//i.exec(place)?.[0];
  const url = URL.parse(place);
  // `host:5000/repository` is parsed too, as a URL without a host.
  if (url !== null && (url.host !== "" || scheme !== undefined)) return `${url.protocol}//${url.host}${url.pathname}`;
  return scheme === undefined ? redactPlace(place) : `${scheme}…`;
}
