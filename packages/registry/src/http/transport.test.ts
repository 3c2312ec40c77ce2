import { inspect } from "node:util";
import { startHttpServer, startRawServer } from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { HttpEvent, Transport, TransportOptions } from "./http.ts";
import { createTransport } from "./transport.ts";

interface TestTransport extends Transport {
  readonly waits: number[];
  readonly events: HttpEvent[];
}

function testTransport(options: Partial<TransportOptions> = {}): TestTransport {
  const waits: number[] = [];
  const events: HttpEvent[] = [];
  const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
  const onRequest = (event: HttpEvent): void => void events.push(event);
  const transport = createTransport({ now: () => new Date(0), random: () => 0, sleep, onRequest, ...options });
  return { ...transport, waits, events };
}

async function untilTrue(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a response is status, headers in any case and the bytes as they were sent", async () => {
  await using server = await startHttpServer((_request, response) => {
    response.setHeader("Warning", ['299 - "one"', '299 - "two"']);
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not here: ü");
  });
  const response = await testTransport().send({ method: "GET", url: server.url("/a?b=c") });
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("text/plain");
  expect(response.headers.all("WARNING")).toEqual(['299 - "one"', '299 - "two"']);
  expect(response.headers.get("absent")).toBeUndefined();
  expect(response.network).toBe("loopback");
  expect(await response.text(100)).toBe("not here: ü");
  await expect(response.text(100)).rejects.toThrow(TypeError);
  expect(server.requests[0]).toMatchObject({ url: "/a?b=c", headers: { "accept-encoding": "identity" } });
});

test("every body is sent with its length", async () => {
  const received: [string | undefined, string | undefined, number][] = [];
  await using server = await startHttpServer((request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    request.on("end", () => {
      received.push([request.headers["content-length"], request.headers["transfer-encoding"], bytes]);
      response.writeHead(201).end();
    });
  });
  const transport = testTransport();
  const open = async function* (): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < 3; index++) yield new Uint8Array(500_000);
  };
  for (const body of [
    undefined,
    new Uint8Array(),
    new Uint8Array(7),
    new Uint8Array(900_000),
    { length: 1_500_000, open },
  ]) {
    const more = body === undefined ? {} : { body };
    await (await transport.send({ method: "POST", url: server.url("/"), ...more })).discard();
  }
  expect(received).toEqual([0, 0, 7, 900_000, 1_500_000].map((length) => [String(length), undefined, length]));
});

test("a response before the end of the request's body is accepted", async () => {
  await using server = await startHttpServer((request, response) => {
    if (request.headers.authorization === undefined) response.writeHead(401).end("who are you");
    else request.resume().on("end", () => response.writeHead(201).end());
  });
  const open = async function* (): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < 50; index++) yield new Uint8Array(1 << 20);
  };
  const request = { method: "PUT", url: server.url("/"), body: { length: 50 << 20, open } } as const;
  const transport = testTransport({ retry: { maxAttempts: 1 } });
  const refused = await transport.send(request);
  expect([refused.status, await refused.text(99)]).toEqual([401, "who are you"]);
  const accepted = await transport.send({ ...request, originHeaders: { authorization: "Bearer x" } });
  expect(accepted.status).toBe(201);
});

test("a new connection was not used before; exchanges on the old ones are completed", async () => {
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  const connections = new Set<unknown>();
  await using server = await startHttpServer((request, response) => {
    connections.add(request.socket);
    if (request.url === "/short") return response.end("short");
    response.write("begun");
    return void finish.then(() => response.end(" and ended"));
  });
  const transport = testTransport({ retry: { maxAttempts: 1 } });
  const get = { method: "GET", url: server.url("/short") } as const;
  await (await transport.send(get)).text(99);
  await (await transport.send(get)).text(99);
  expect(connections.size).toBe(1);
  const long = await transport.send({ ...get, url: server.url("/") });
  await (await transport.send({ ...get, connection: "new" })).text(99);
  expect(connections.size).toBe(2);
  resolve();
  expect(await long.text(99)).toBe("begun and ended");
});

test("closing ends exchanges on replaced connections too", async () => {
  await using server = await startHttpServer((request, response) => {
    if (request.url === "/short") response.end("short");
    else response.write("begun");
  });
  const transport = testTransport({ retry: { maxAttempts: 1 } });
  const long = await transport.send({ method: "GET", url: server.url("/") });
  await (await transport.send({ method: "GET", url: server.url("/short"), connection: "new" })).text(99);
  const [read] = await Promise.allSettled([long.text(99), transport.close()]);
  expect(read).toMatchObject({ status: "rejected", reason: { code: "OCI_UNAVAILABLE" } });
});

test("an address of another scheme is a TypeError", async () => {
  await expect(testTransport().send({ method: "GET", url: new URL("file:///etc/passwd") })).rejects.toThrow(TypeError);
});

describe("an error of the caller's body reaches the caller", () => {
  test.each([4, 6])("a length of 5 and %i bytes", async (bytes) => {
    await using server = await startHttpServer((request, response) => request.resume().on("end", () => response.end()));
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(bytes);
    };
    const sent = testTransport().send({ method: "PUT", url: server.url("/"), body: { length: 5, open } });
    await expectRefused(sent, "OCI_SIZE_MISMATCH");
  });

  test("its own error", async () => {
    await using server = await startHttpServer(() => undefined);
    const failure = new RangeError("the disk is gone");
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(3);
      throw failure;
    };
    const sent = testTransport().send({ method: "PUT", url: server.url("/"), body: { length: 5, open } });
    await expect(sent).rejects.toBe(failure);
  });

  test.each<Readonly<Record<string, string>>>([
    { Authorization: "Bearer x" },
    { cookie: "x" },
    { host: "evil.example" },
    { "Content-Length": "3" },
    { "transfer-encoding": "chunked" },
    { "x-name": "value\r\nx-injected: 1" },
    { "x-name": "ü\u{1f600}" },
    { "x name": "value" },
    { "x-name:": "value" },
  ])("a header that is refused: %j [T111]", async (headers) => {
    await using server = await startHttpServer((_request, response) => response.end());
    await expect(testTransport().send({ method: "GET", url: server.url("/"), headers })).rejects.toThrow(TypeError);
    expect(server.requests).toHaveLength(0);
  });
});

describe("retries", () => {
  test("Retry-After is honoured in full, then the answer comes", async () => {
    await using server = await startHttpServer((_request, response) => {
      if (server.requests.length < 3) response.writeHead(429, { "retry-after": "60" }).end("slower");
      else response.end("fine");
    });
    const transport = testTransport();
    expect(await (await transport.send({ method: "GET", url: server.url("/") })).text(9)).toBe("fine");
    expect(transport.waits).toEqual([60_000, 60_000]);
    expect(transport.events.map(({ status, attempt }) => [status, attempt])).toEqual([
      [429, 1],
      [429, 2],
      [200, 3],
    ]);
  });

  test("a Retry-After above the cap leaves the 429 to the caller", async () => {
    await using server = await startHttpServer((_request, response) =>
      response.writeHead(429, { "retry-after": "3600" }).end("tomorrow"),
    );
    const response = await testTransport().send({ method: "GET", url: server.url("/") });
    expect([response.status, await response.text(99)]).toEqual([429, "tomorrow"]);
    expect(server.requests).toHaveLength(1);
  });

  test("a reset connection is tried again, and the last error names it", async () => {
    await using server = await startRawServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const transport = testTransport();
    const sent = transport.send({ method: "GET", url: server.url("/") });
    await expectRefused(sent, "OCI_UNAVAILABLE", { details: { failure: "ECONNRESET" } });
    expect(transport.waits).toEqual([250, 500, 1000, 2000]);
  });

  test.each([
    { method: "POST", status: 502, times: 1 },
    { method: "PATCH", status: 500, times: 1 },
    { method: "POST", status: 429, times: 5 },
    { method: "PATCH", status: 503, times: 5 },
    { method: "PUT", status: 502, times: 5 },
    { method: "POST", status: 502, retries: "retry", times: 5 },
    { method: "GET", status: 502, retries: "once", times: 1 },
  ] as const)("$method answered $status is sent $times times", async ({ times, status, ...request }) => {
    await using server = await startHttpServer((received, response) => {
      received.resume().on("end", () => response.writeHead(status).end());
    });
    const response = await testTransport().send({ ...request, url: server.url("/"), body: new Uint8Array(3) });
    expect(response.status).toBe(status);
    expect(server.requests).toHaveLength(times);
  });

  test("each attempt starts at the first address, because presigned ones expire", async () => {
    await using server = await startHttpServer((request, response) => {
      if (request.url === "/start") response.writeHead(307, { location: "/signed" }).end();
      else response.writeHead(server.requests.length < 4 ? 503 : 200).end();
    });
    await testTransport().send({ method: "GET", url: server.url("/start") });
    expect(server.requests.map(({ url }) => url)).toEqual(["/start", "/signed", "/start", "/signed"]);
  });

  test("waiting ends with the signal's reason", async () => {
    await using server = await startHttpServer((_request, response) =>
      response.writeHead(503, { "retry-after": "60" }).end(),
    );
    const controller = new AbortController();
    const transport = createTransport({
      now: () => new Date(0),
      random: () => 0,
      onRequest: () => setImmediate(() => controller.abort("enough")),
    });
    const sent = transport.send({ method: "GET", url: server.url("/"), signal: controller.signal });
    await expect(sent).rejects.toBe("enough");
  });
});

describe("closing", () => {
  test("a closed transport can be used again (R1)", async () => {
    await using server = await startHttpServer((_request, response) => response.end("here"));
    const transport = testTransport();
    await transport.close();
    for (let round = 0; round < 2; round++) {
      expect(await (await transport.send({ method: "GET", url: server.url("/") })).text(9)).toBe("here");
      await transport.close();
      await untilTrue(() => server.connections() === 0);
    }
  });

  test("it ends exchanges in progress", async () => {
    await using server = await startHttpServer((_request, response) => response.writeHead(200).write("begin"));
    const transport = testTransport();
    const response = await transport.send({ method: "GET", url: server.url("/") });
    await transport.close();
    await expectRefused(response.bytes(99), "OCI_UNAVAILABLE");
  });
});

test("no secret is in events or errors [T61]", async () => {
  const secret = "s3cr3t";
  await using broken = await startRawServer((socket) => socket.once("data", () => socket.end(`no http: ${secret}`)));
  await using server = await startHttpServer((_request, response) =>
    response.writeHead(302, { location: broken.url(`/blob?sig=${secret}`).href }).end(),
  );
  const transport = testTransport();
  const originHeaders = { authorization: `Bearer ${secret}` };
  const url = server.url(`/v2?access_token=${secret}`);
  const failure: unknown = await transport.send({ method: "GET", url, originHeaders }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "OCI_RESPONSE_INVALID" });
  expect(inspect([failure, transport.events], { depth: 10, showHidden: true })).not.toContain(secret);
  expect(transport.events.map(({ hop, status }) => [hop, status])).toEqual([
    [0, 302],
    [1, undefined],
  ]);
});
