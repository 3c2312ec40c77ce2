import type { Socket } from "node:net";
import {
  startHttpServer,
  startRawServer,
  type HttpLoopbackServer,
  type LoopbackServer,
} from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test, vi } from "vitest";
import type { HttpResponse, Transport, TransportOptions } from "./http.ts";
import { createTransport } from "./transport.ts";

function testTransport(options: Partial<TransportOptions> = {}): Transport {
  return createTransport({ now: () => new Date(), random: () => 0, retry: { maxAttempts: 1 }, ...options });
}

function get(server: LoopbackServer, options: Partial<TransportOptions> = {}): Promise<HttpResponse> {
  return testTransport(options).send({ method: "GET", url: server.url("/") });
}

interface Saying extends LoopbackServer {
  readonly sockets: readonly Socket[];
}

/** Sends this to every request and then closes the connection or not. */
async function startSaying(text: string, then: "end" | "stay" = "stay"): Promise<Saying> {
  const sockets: Socket[] = [];
  const server = await startRawServer((socket) => {
    sockets.push(socket);
    socket.on("data", () => (then === "end" ? socket.end(text) : socket.write(text)));
  });
  return { ...server, sockets };
}

async function untilTrue(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => void setImmediate(resolve));
}

/** Timers stand still until they are moved; connections do not. */
function stopTimers(): Disposable {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  return { [Symbol.dispose]: () => void vi.useRealTimers() };
}

describe("a body that differs from the announced one is an error", () => {
  test.each(["end", "reset"] as const)("cut (%s) before its length", async (then) => {
    await using server = await startSaying("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1234");
    const received: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const chunk of (await get(server)).body) {
        received.push(Buffer.from(chunk).toString());
        for (const socket of server.sockets)
          if (then === "end") socket.end();
          else socket.resetAndDestroy();
      }
    };
    await expectRefused(reading(), "OCI_UNAVAILABLE");
    expect(received.join("")).toBe("1234");
  });

  test("chunked, without its last chunk", async () => {
    await using server = await startSaying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1234\r\n", "end");
    await expectRefused((await get(server)).bytes(99), "OCI_UNAVAILABLE");
  });

  test("longer than its length: the rest is neither body nor next response [T82]", async () => {
    const answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n1234";
    await using server = await startSaying(`${answer}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`, "stay");
    const transport = testTransport();
    for (let round = 0; round < 2; round++) {
      expect(await (await transport.send({ method: "GET", url: server.url("/") })).text(99)).toBe("1234");
    }
  });

  test.each([
    ["content-length: -1", "OCI_RESPONSE_INVALID"],
    ["content-length: 4\r\ncontent-length: 5", "OCI_UNAVAILABLE"],
    ["content-length: 4\r\ntransfer-encoding: chunked", "OCI_UNAVAILABLE"],
  ])("with an invalid length: %j [T82]", async (headers, code) => {
    await using server = await startSaying(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n12345`, "end");
    await expectRefused(get(server), code);
  });
});

describe("a content encoding that was not requested [T112]", () => {
  const head = (status: string): string =>
    `HTTP/1.1 ${status}\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nbomb`;

  test("is refused in a response with content", async () => {
    await using server = await startSaying(head("200 OK"), "stay");
    await expectRefused(get(server), "OCI_RESPONSE_INVALID", { details: { got: "gzip" } });
  });

  test.each([
    "aws-chunked",
    "UTF-8",
    "identity",
    "",
    "aws-chunked, identity",
    "aws-chunked\r\ncontent-encoding: utf-8",
  ])("that does not change the bytes is accepted: %j", async (coding) => {
    const answer = `HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: 4\r\n\r\nbomb`;
    await using server = await startSaying(answer, "stay");
    expect(await (await get(server)).text(99)).toBe("bomb");
  });

  test.each(["aws-chunked,gzip", "identity\r\ncontent-encoding: br", "aws-chunked-2"])(
    "is refused among codings that do not change the bytes: %j",
    async (coding) => {
      const answer = `HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: 4\r\n\r\nbomb`;
      await using server = await startSaying(answer, "stay");
      await expectRefused(get(server), "OCI_RESPONSE_INVALID");
    },
  );

  test("hides an error's text, not its status", async () => {
    await using server = await startSaying(head("404 Not Found"), "stay");
    const response = await get(server);
    expect([response.status, await response.text(99)]).toEqual([404, ""]);
  });
});

describe("headers", () => {
  test("of 1 MB are refused [T81]", async () => {
    await using server = await startSaying(
      `HTTP/1.1 200 OK\r\nwww-authenticate: ${"x".repeat(1_000_000)}\r\n\r\n`,
      "stay",
    );
    await expectRefused(get(server), "OCI_LIMIT_EXCEEDED");
  });

  test("in thousands are refused", async () => {
    await using server = await startSaying(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(100_000)}\r\n`, "stay");
    await expectRefused(get(server), "OCI_LIMIT_EXCEEDED");
  });

  test("after early hints are the response's", async () => {
    const hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    await using server = await startSaying(`${hints}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`, "stay");
    const response = await get(server);
    expect([response.status, response.headers.get("link"), await response.text(9)]).toEqual([200, undefined, "ok"]);
  });
});

describe("a stall ends in an error", () => {
  const stalled = { code: "OCI_UNAVAILABLE", details: { failure: "STALLED" } };

  test("before the response", async () => {
    await using server = await startRawServer(() => undefined);
    await expect(get(server, { stallTimeoutMs: 50 })).rejects.toMatchObject(stalled);
    await untilTrue(() => server.connections() === 0);
  });

  test("within the body, after the bytes that came", async () => {
    await using server = await startSaying("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234", "stay");
    using _ = stopTimers();
    const response = await get(server, { stallTimeoutMs: 50 });
    const reading = response.bytes(99);
    vi.advanceTimersByTime(50);
    await expect(reading).rejects.toMatchObject(stalled);
    await untilTrue(() => server.connections() === 0);
  });

  test("while a body is sent that the server does not read", async () => {
    await using server = await startRawServer((socket) => socket.pause());
    const open = async function* (): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 64; index++) yield new Uint8Array(1 << 20);
    };
    const request = {
      method: "PUT",
      url: server.url("/"),
      body: { length: 64 << 20, open },
      stallTimeoutMs: 50,
    } as const;
    await expect(testTransport().send(request)).rejects.toMatchObject(stalled);
  });

  test("neither a slow reader nor a slow source is a stall", async () => {
    await using server = await startHttpServer((request, response) => {
      request.resume().on("end", () => response.end(Buffer.alloc(4 << 20)));
    });
    using _ = stopTimers();
    const pause = async (): Promise<void> => {
      // The stall timer is the only one.
      await untilTrue(() => vi.getTimerCount() === 0);
      vi.advanceTimersByTime(150);
    };
    const open = async function* (): AsyncGenerator<Uint8Array> {
      await pause();
      yield new Uint8Array(5);
      await pause();
    };
    const transport = testTransport({ stallTimeoutMs: 100 });
    const response = await transport.send({ method: "PUT", url: server.url("/"), body: { length: 5, open } });
    let received = 0;
    for await (const chunk of response.body) {
      if (received === 0) await pause();
      received += chunk.length;
    }
    expect(received).toBe(4 << 20);
  });

  const head = `HTTP/1.1 200 OK\r\ncontent-length: ${12 * 1024}\r\n\r\n`;

  /** Each part takes as long as 0.7 of the stall time to come. */
  async function readParts(server: Saying, part: string): Promise<number> {
    const response = await get(server, { stallTimeoutMs: 100 });
    const chunks = response.body[Symbol.asyncIterator]();
    let received = 0;
    for (let at = 1; at <= 12; at++) {
      vi.advanceTimersByTime(70);
      server.sockets[0]?.write(part);
      while (received < at * part.length) received += ((await chunks.next()).value as Uint8Array).length;
    }
    return received;
  }

  test("a body that trickles longer than the stall time is read to its end", async () => {
    await using server = await startSaying(head);
    using _ = stopTimers();
    expect(await readParts(server, "x".repeat(1024))).toBe(12 * 1024);
  });

  test("a body that comes a byte now and then is a stall", async () => {
    await using server = await startSaying(head);
    using _ = stopTimers();
    await expect(readParts(server, "x")).rejects.toMatchObject(stalled);
  });
});

describe("aborting gives the signal's reason", () => {
  const reason = new RangeError("no longer wanted");

  test("before, while waiting, and within the body", async () => {
    await using server = await startSaying("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234", "stay");
    await using silent = await startRawServer(() => undefined);
    const send = (to: LoopbackServer, signal: AbortSignal): Promise<HttpResponse> =>
      testTransport().send({ method: "GET", url: to.url("/"), signal });
    await expect(send(server, AbortSignal.abort(reason))).rejects.toBe(reason);
    const second = new AbortController();
    const sent = send(silent, second.signal);
    await untilTrue(() => silent.connections() === 1);
    second.abort(reason);
    await expect(sent).rejects.toBe(reason);
    const third = new AbortController();
    const response = await send(server, third.signal);
    const reading = response.bytes(99);
    third.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await untilTrue(() => server.connections() + silent.connections() === 0);
  });
});

test("a request that is aborted while it waits for a connection is never sent", async () => {
  await using server = await startHttpServer((_request, response) => setTimeout(() => response.end("done"), 50));
  const transport = testTransport({ connectionsPerOrigin: 1 });
  const controller = new AbortController();
  const first = transport.send({ method: "GET", url: server.url("/first") });
  const second = transport.send({ method: "GET", url: server.url("/second"), signal: controller.signal });
  await untilTrue(() => server.requests.length === 1);
  controller.abort("changed my mind");
  await expect(second).rejects.toBe("changed my mind");
  await (await first).discard();
  await (await transport.send({ method: "GET", url: server.url("/third") })).discard();
  expect(server.requests.map(({ url }) => url)).toEqual(["/first", "/third"]);
});

describe("a reader that stops early gives the connection back [T84]", () => {
  const endless = (): Promise<HttpLoopbackServer> =>
    startHttpServer((_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536)));
        response.once("drain", more);
      };
      more();
    });

  test("by break, discard and a bound, with one connection for all", async () => {
    await using server = await endless();
    const transport = testTransport({ connectionsPerOrigin: 1 });
    const send = (): Promise<HttpResponse> => transport.send({ method: "GET", url: server.url("/") });
    for await (const chunk of (await send()).body) if (chunk.length > 0) break;
    await (await send()).discard();
    await expectRefused((await send()).bytes(1000), "OCI_LIMIT_EXCEEDED");
    await untilTrue(() => server.connections() === 0);
  });

  test("a reader that pauses keeps one buffer in memory, not the whole body", async () => {
    await using server = await endless();
    const response = await get(server);
    const sent = (): number => server.requests[0]?.socket.bytesWritten ?? 0;
    for (let before = -1; sent() > before && sent() < 64 << 20;) {
      before = sent();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent()).toBeLessThan(32 << 20); // the kernel's buffers included
    await response.discard();
  });

  test("a small unwanted body keeps the connection", async () => {
    await using server = await startHttpServer((_request, response) => response.end("small"));
    const transport = testTransport();
    let most = 0;
    for (let round = 0; round < 5; round++) {
      await (await transport.send({ method: "GET", url: server.url("/") })).discard();
      most = Math.max(most, server.connections());
    }
    expect(most).toBe(1);
    expect(new Set(server.requests.map(({ socket }) => socket)).size).toBe(1);
  });
});
