import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { withStallTimeout } from "./patience.ts";

test("a download without bytes ends with AGENT_STALLED, which may be tried again, and one that is slow does not", async () => {
  const silent = withStallTimeout(30, undefined, async (signal) => {
    await sleep(10_000, undefined, { signal }).catch(() => signal.throwIfAborted());
  });
  await expect(silent).rejects.toMatchObject({ code: "AGENT_STALLED", retryable: true, security: false });
  const slow = withStallTimeout(500, undefined, async (signal, reportLife) => {
    for (let chunk = 0; chunk < 30; chunk++) {
      reportLife();
      await sleep(25, undefined, { signal });
    }
    return "done";
  });
  expect(await slow).toBe("done");
});
