/**
 * What a program's own tracing sees of dtuf: channels of `node:diagnostics_channel` (docs/tracing.md has their names). No
 * secret is told: URLs are redacted, and of a response or a result only what the types of this folder name.
 */
import { channel, tracingChannel } from "node:diagnostics_channel";

/** A span: work that begins and ends. */
export interface Trace<Told extends object, Outcome extends object> {
  /**
   * Does the work. If nobody subscribed to the channel, `tell` and `summarize` are not called. The message is what `tell`
   * returns; at the end it has `result`, what `summarize` returns, or `error`.
   */
  run<Result>(work: () => Promise<Result>, tell: () => Told, summarize: (result: Result) => Outcome): Promise<Result>;
}

/** Subscribe with `tracingChannel(name)`, or to `tracing:NAME:start` and its like. */
export function createTrace<Told extends object, Outcome extends object>(name: string): Trace<Told, Outcome> {
  const span = tracingChannel<unknown, Told>(name);
  // Bun's channel has no `hasSubscribers` for all of them.
  const parts = [span.start, span.end, span.asyncStart, span.asyncEnd, span.error];
  return {
    async run(work, tell, summarize) {
      if (!parts.some(({ hasSubscribers }) => hasSubscribers)) return work();
      const results: Awaited<ReturnType<typeof work>>[] = [];
      await span.tracePromise(async () => {
        const result = await work();
        results.push(result);
        return summarize(result);
      }, tell());
      const [result] = results;
      return result as Awaited<ReturnType<typeof work>>;
    },
  };
}

/** A message to those who subscribed to this channel. `tell` is not called if there are none. */
export function createNotice(name: string): (tell: () => object) => void {
  const notices = channel(name);
  return (tell) => {
    if (notices.hasSubscribers) notices.publish(tell());
  };
}
