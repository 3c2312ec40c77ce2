/**
 * How long a site may take: for a metadata file a constant, and more as its bytes come; for a refresh a constant. A site
 * that drips would else hold a client for as long as it likes, past the expiry of what it shows.
 */
import { CopyError } from "../errors.ts";
import { metadataBytesPerSecond, metadataFileMs, refreshMs } from "../limits.ts";
import { metadataName } from "../sources/plain-names.ts";
import type { MetadataView, Site, SourceOptions } from "../sources/source.ts";

export interface Deadlines {
  /** For each metadata file, tries and redirects included, in milliseconds. Default 60 s. */
  readonly fileMs: number;
  /** Bytes a second for which a file's deadline is put off as they come. Default 4096. */
  readonly bytesPerSecond: number;
  /** For the top-level metadata of one site, in milliseconds. Default 15 min. */
  readonly refreshMs: number;
}

export const defaultDeadlines: Deadlines = {
  fileMs: metadataFileMs,
  bytesPerSecond: metadataBytesPerSecond,
  refreshMs,
};

export interface Deadline {
  /** Aborts with a CopyError COPY_TOO_SLOW, or as the given signal does. */
  readonly signal: AbortSignal;
  /** Bytes came. */
  readonly onBytes: (bytes: number) => void;
  /** No longer of interest. */
  end(): void;
}

export interface DeadlineOptions {
  /** For the error: what was waited for. */
  readonly what: string;
  readonly limitMs: number;
  /** Undefined: bytes put nothing off. */
  readonly bytesPerSecond?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of a timer. */
const timerMaxMs = 2 ** 31 - 1;

export function startDeadline({ what, limitMs, bytesPerSecond, signal }: DeadlineOptions): Deadline {
  const over = new AbortController();
  let received = 0;
  let passedMs = 0;
  let timer: NodeJS.Timeout;

  function wait(): void {
    const allowedMs = limitMs + (bytesPerSecond === undefined ? 0 : (received / bytesPerSecond) * 1000);
    const restMs = Math.ceil(Math.min(allowedMs - passedMs, timerMaxMs));
    if (restMs <= 0) return over.abort(tooSlow(what, passedMs, received));
    timer = setTimeout(() => {
      passedMs += restMs;
      wait();
    }, restMs);
  }

  wait();
  return {
    signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
    onBytes: (bytes) => (received += bytes),
    end: () => clearTimeout(timer),
  };
}

function tooSlow(what: string, waitedMs: number, received: number): CopyError {
  return new CopyError("COPY_TOO_SLOW", `${what} took longer than ${waitedMs} ms (${received} bytes came)`, {
    details: { what, waitedMs, received },
  });
}

/** A view of the site whose every answer has a deadline, also where the site does not look at its signal. */
export function openTimedView(site: Site, deadlines: Deadlines): MetadataView {
  const view = site.openView();
  const within = <T>(what: string, signal: AbortSignal | undefined, ask: (deadline: Deadline) => Promise<T>) =>
    answerWithin(
      startDeadline({ ...deadlines, what: `${what} from ${site.name}`, limitMs: deadlines.fileMs, signal }),
      ask,
    );
  return {
    describe: (file) => view.describe?.(file) ?? `${metadataName(file.role, file.version)} from ${site.name}`,
    hint: (role) => view.hint?.(role),
    knownRevision: () => view.knownRevision?.(),
    findMetadata: (request) =>
      within(request.role, request.signal, ({ signal, onBytes }) => view.findMetadata({ ...request, signal, onBytes })),
    ...(view.findRevision && {
      findRevision: (options: SourceOptions) =>
        within("latest", options.signal, async ({ signal }) => view.findRevision?.({ ...options, signal })),
    }),
    ...(view.findOldestRoot && {
      findOldestRoot: (options: SourceOptions) =>
        within("latest", options.signal, async ({ signal }) => view.findOldestRoot?.({ ...options, signal })),
    }),
  };
}

async function answerWithin<T>(deadline: Deadline, ask: (deadline: Deadline) => Promise<T>): Promise<T> {
  const { signal } = deadline;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const fail = (): void => reject(signal.reason as Error);
  try {
    signal.throwIfAborted();
    signal.addEventListener("abort", fail, { once: true });
    return await Promise.race([ask(deadline), failed]);
  } finally {
    deadline.end();
    signal.removeEventListener("abort", fail);
  }
}
