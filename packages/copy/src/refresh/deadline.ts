/**
 * How long a site may take: for a metadata file a constant, extended as its bytes arrive; for a refresh a constant. Without
 * deadlines, a site that sends slowly could hold a client past the expiry of the metadata that it serves.
 */
import { CopyError } from "../errors.ts";
import { metadataBytesPerSecond, metadataFileMs, refreshMs } from "../limits.ts";
import { metadataName } from "../sources/plain-names.ts";
import type { MetadataView, Site, SourceOptions } from "../sources/source.ts";

export interface Deadlines {
  /** For each metadata file, including retries and redirects, in milliseconds. Default 60 s. */
  readonly fileMs: number;
  /**
   * The minimum rate, in bytes per second: bytes that arrive extend a file's deadline by the time that they take at this
   * rate. Default 4096.
   */
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
  /** Aborts with a CopyError COPY_TOO_SLOW, or with the reason of the given signal. */
  readonly signal: AbortSignal;
  /** Call it with the number of bytes that arrived. */
  readonly onBytes: (bytes: number) => void;
  /** Stops the timer. */
  end(): void;
}

export interface DeadlineOptions {
  /** Names the operation in the error. */
  readonly what: string;
  readonly limitMs: number;
  /** Undefined: bytes do not extend the deadline. */
  readonly bytesPerSecond?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The longest delay of a Node timer. */
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
  return new CopyError("COPY_TOO_SLOW", `${what} took longer than ${waitedMs} ms (${received} bytes received)`, {
    details: { what, waitedMs, received },
  });
}

/** A view of the site with a deadline for each answer, even if the site ignores its signal. */
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
