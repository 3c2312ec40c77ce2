import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, tracingChannel, unsubscribe, type TracingChannelSubscribers } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { startHttpServer } from "@dtuf/testing/http-servers";
import { expect, test } from "vitest";
import { createTrace } from "../tracing/trace.ts";
import { createTransport } from "./transport.ts";

const secret = "hush-4711";

/** What is told while the work runs, each message as it was at that moment. */
async function listen(name: string, work: () => Promise<unknown>): Promise<string> {
  const told: string[] = [];
  const part = (which: string) => (message: unknown) => void told.push(`${which} ${inspect(message, { depth: 9 })}`);
  const span = tracingChannel(name);
  const all: TracingChannelSubscribers<object> = {
    start: part("start"),
    end: part("end"),
    asyncStart: part("asyncStart"),
    asyncEnd: part("asyncEnd"),
    error: part("error"),
  };
  const attempt = part("attempt");
  span.subscribe(all);
  subscribe("dtuf:registry:attempt", attempt);
  try {
    await work();
  } finally {
    span.unsubscribe(all);
    unsubscribe("dtuf:registry:attempt", attempt);
  }
  return told.join("\n");
}

test("what is told of a request has no signature, header, cookie or body in it, after a redirect and after an error [T61]", async () => {
  await using server = await startHttpServer((request, response) => {
    response.setHeader("Set-Cookie", `session=${secret}`);
    if (request.url === "/start") response.writeHead(307, { Location: `/${secret}?X-Amz-Signature=${secret}` }).end();
    else response.writeHead(200).end(secret);
  });
  await using closed = await startHttpServer(() => undefined);
  const refused = closed.url(`/gone?sig=${secret}`);
  await closed[Symbol.asyncDispose]();
  const transport = createTransport({ sleep: () => Promise.resolve() });
  const text = await listen("dtuf:registry:request", async () => {
    const originHeaders = { Authorization: `Basic ${secret}` };
    const response = await transport.send({ method: "GET", url: server.url("/start"), originHeaders });
    expect(await response.text(100)).toBe(secret);
    await transport.send({ method: "GET", url: refused, retries: "once" }).catch(() => undefined);
  });
  await transport.close();
  expect(text).toMatch(/^start \{ method: 'GET', url: '[^']*\/start' \}/);
  expect(text).toMatch(/asyncEnd \{[^}]*result: \{ status: 200 \}/);
  expect(text).toContain(`${server.url("").origin}/…`);
  expect(text).toContain("/gone?sig=…");
  expect(text).toContain("error {");
  expect(text).toContain("OCI_UNAVAILABLE");
  expect(text).not.toContain(secret);
});

test("nothing is made to be told if nobody subscribed, and results and errors pass as they are", async () => {
  const trace = createTrace<object, object>("dtuf:test:quiet");
  const never = (): never => {
    throw new TypeError("nobody listens");
  };
  const result = { kept: "as it is" };
  expect(await trace.run(() => Promise.resolve(result), never, never)).toBe(result);
  const tell = (): object => ({ told: 1 });
  await listen("dtuf:test:quiet", async () => {
    expect(await trace.run(() => Promise.resolve(result), tell, tell)).toBe(result);
    const error = new TypeError("thrown");
    await expect(trace.run(() => Promise.reject(error), tell, tell)).rejects.toBe(error);
  });
});

test("work runs in the store that a tracer binds to the start", async () => {
  const store = new AsyncLocalStorage<string>();
  const span = tracingChannel("dtuf:test:bound");
  span.start.bindStore(store, () => "span 1");
  const trace = createTrace<object, object>("dtuf:test:bound");
  const seen = await trace.run(
    async () => store.getStore(),
    () => ({}),
    () => ({}),
  );
  span.start.unbindStore(store);
  expect(seen).toBe("span 1");
});
