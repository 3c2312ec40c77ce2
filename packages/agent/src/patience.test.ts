import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { withStallTimeout } from "./patience.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

test("a download without bytes ends with AGENT_STALLED, which may be tried again, and one that is slow does not", async () => {
  const silent = withStallTimeout(30, undefined, async (signal) => {
    vi.advanceTimersByTime(30);
    signal.throwIfAborted();
  });
  await expect(silent).rejects.toMatchObject({ code: "AGENT_STALLED", retryable: true, security: false });
  const slow = withStallTimeout(30, undefined, async (signal, reportLife) => {
    for (let chunk = 0; chunk < 30; chunk++) {
      reportLife();
      vi.advanceTimersByTime(25);
      signal.throwIfAborted();
    }
    return "done";
  });
  expect(await slow).toBe("done");
});
