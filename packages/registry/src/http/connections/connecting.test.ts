import { lookupOf, startHttpServer, startRawServer } from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { HttpEvent, HttpResponse, TransportOptions } from "../http.ts";
import { createTransport } from "../transport.ts";

const bothFamilies = { "registry.localhost": ["::1", "127.0.0.1"] };

function get(url: string, options: Partial<TransportOptions>): Promise<HttpResponse> {
  const transport = createTransport({ now: () => new Date(), random: () => 0, retry: { maxAttempts: 1 }, ...options });
  return transport.send({ method: "GET", url: new URL(url) });
}

describe("a name with addresses of both families (R6)", () => {
  test.each(["127.0.0.1", "::1"] as const)("is reached if only %s answers", async (host) => {
    await using server = await startHttpServer((_request, response) => response.end(host), { host });
    for (const addresses of [
      ["::1", "127.0.0.1"],
      ["127.0.0.1", "::1"],
    ]) {
      const lookup = lookupOf({ "registry.localhost": addresses });
      const response = await get(`http://registry.localhost:${server.port}/`, { lookup });
      expect(await response.text(99)).toBe(host);
    }
  });

  test("is reached by the chosen family only", async () => {
    await using server = await startHttpServer((_request, response) => response.end("four"), { host: "127.0.0.1" });
    const url = `http://registry.localhost:${server.port}/`;
    const lookup = lookupOf(bothFamilies);
    expect(await (await get(url, { lookup, family: 4 })).text(99)).toBe("four");
    await expect(get(url, { lookup, family: 6 })).rejects.toMatchObject({ details: { failure: "ECONNREFUSED" } });
  });
});

test("an unknown name is an error at once, a refused connection after retries", async () => {
  const events: HttpEvent[] = [];
  const options = {
    onRequest: (event: HttpEvent): void => void events.push(event),
    retry: { maxAttempts: 3 },
    sleep: () => Promise.resolve(),
  };
  await expectRefused(get("https://nowhere.example/", { ...options, lookup: lookupOf({}) }), "OCI_UNAVAILABLE", {
    details: { failure: "ENOTFOUND", url: "https://nowhere.example/" },
  });
  expect(events).toHaveLength(1);
  // Nobody listens at port 1 (tcpmux).
  await expectRefused(get("http://127.0.0.1:1/", options), "OCI_UNAVAILABLE", {
    details: { failure: "ECONNREFUSED" },
  });
  expect(events).toHaveLength(4);
});

test("a server that accepts and never speaks TLS ends in the connect timeout", async () => {
  await using server = await startRawServer(() => undefined);
  const sent = get(`https://127.0.0.1:${server.port}/`, { connectTimeoutMs: 50 });
  await expectRefused(sent, "OCI_UNAVAILABLE", { details: { failure: "CONNECT_TIMEOUT" } });
  while (server.connections() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("connections to one origin are bounded", async () => {
  let most = 0;
  await using server = await startHttpServer((_request, response) => {
    most = Math.max(most, server.connections());
    setTimeout(() => response.end("one of many"), 5);
  });
  const transport = createTransport({ now: () => new Date(), random: () => 0, connectionsPerOrigin: 3 });
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      await (await transport.send({ method: "GET", url: server.url("/") })).bytes(99);
    }),
  );
  expect(most).toBe(3);
});
