import { describe, expect, test } from "vitest";
import { OciError } from "../../errors.ts";
import { timedOut } from "../failure.ts";
import { decideRetry, defaultRetryPolicy, type AttemptOutcome } from "./retry.ts";

const now = new Date("2026-05-01T10:00:00Z");
const context = { now: () => now, random: () => 0, policy: defaultRetryPolicy };
const first = { attempt: 1, waitedMs: 0 };

function answer(status: number, retryAfter?: string): AttemptOutcome {
  return { kind: "response", status, retryAfter };
}

function failure(code: string): AttemptOutcome {
  return { kind: "failure", error: Object.assign(new TypeError("of the network"), { code }) };
}

test.each([408, 429, 500, 502, 503, 504, 507])("%i is tried again", (status) => {
  expect(decideRetry(answer(status), first, context)).toEqual({ waitMs: 250 });
});

test.each([200, 201, 206, 301, 304, 400, 401, 403, 404, 405, 409, 413, 416, 501])("%i is not tried again", (status) => {
  expect(decideRetry(answer(status), first, context)).toBe("stop");
});

test.each(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "UND_ERR_SOCKET"])(
  "%s is transient",
  (code) => {
    expect(decideRetry(failure(code), first, context)).toEqual({ waitMs: 250 });
  },
);

test.each(["ENOTFOUND", "DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_HAS_EXPIRED", "HPE_INVALID_CONSTANT"])(
  "%s stays",
  (code) => {
    expect(decideRetry(failure(code), first, context)).toBe("stop");
  },
);

test("the cause of a wrapping error decides", () => {
  const cause = Object.assign(new TypeError("reset"), { code: "ECONNRESET" });
  const error = new OciError("OCI_UNAVAILABLE", "failed", { cause });
  expect(decideRetry({ kind: "failure", error }, first, context)).toEqual({ waitMs: 250 });
  const refused = new AggregateError([Object.assign(new TypeError("refused"), { code: "ECONNREFUSED" })]);
  expect(decideRetry({ kind: "failure", error: refused }, first, context)).toEqual({ waitMs: 250 });
});

test("a stall is transient, a refused address is not", () => {
  const what = { method: "GET", url: new URL("https://registry.example/") };
  expect(decideRetry({ kind: "failure", error: timedOut("STALLED", 9, what) }, first, context)).not.toBe("stop");
  const refused = new OciError("OCI_REDIRECT_REFUSED", "refused");
  expect(decideRetry({ kind: "failure", error: refused }, first, context)).toBe("stop");
});

describe("Retry-After", () => {
  test.each([
    ["7", 7_000],
    ["120", 120_000],
    ["Fri, 01 May 2026 10:01:30 GMT", 90_000],
    ["Fri, 01 May 2026 09:00:00 GMT", 250],
    ["0", 250],
    ["soon", 250],
    ["-5", 250],
    ["1e9", 250],
  ])("%s is %i ms", (value, waitMs) => {
    expect(decideRetry(answer(429, value), first, context)).toEqual({ waitMs });
    expect(decideRetry(answer(503, value), first, context)).toEqual({ waitMs });
  });

  test.each(["121", "999999999999999999999", "Fri, 01 May 2026 11:00:00 GMT"])(
    "%s is above the maximum and stops retrying",
    (value) => {
      expect(decideRetry(answer(429, value), first, context)).toBe("stop");
    },
  );
});

test("waits double up to the maximum and are shortened randomly", () => {
  const policy = { ...defaultRetryPolicy, maxAttempts: 20 };
  const waits = [1, 2, 3, 6, 7, 19].map((attempt) =>
    decideRetry(answer(500), { attempt, waitedMs: 0 }, { ...context, policy }),
  );
  expect(waits).toEqual([250, 500, 1_000, 8_000, 10_000, 10_000].map((waitMs) => ({ waitMs })));
  expect(decideRetry(answer(500), first, { ...context, random: () => 0.5 })).toEqual({ waitMs: 188 });
});

test("attempts and total waiting are limited", () => {
  expect(decideRetry(answer(500), { attempt: 5, waitedMs: 0 }, context)).toBe("stop");
  expect(decideRetry(answer(500), { attempt: 2, waitedMs: 299_900 }, context)).toBe("stop");
});
