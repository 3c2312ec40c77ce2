import { startHttpServer, startRawServer } from "@dtuf/testing/http-servers";
import { describe, expect, test } from "vitest";
import { createTransport } from "./transport.ts";

describe("HEAD", () => {
  const time = { now: () => new Date(0), random: () => 0, sleep: () => Promise.resolve() };

  test("sequential requests share a connection", async () => {
    const ports = new Set<number | undefined>();
    await using server = await startHttpServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.setHeader("content-length", "5").end();
    });
    const transport = createTransport(time);
    for (let each = 0; each < 5; each++) {
      const response = await transport.send({ method: "HEAD", url: server.url("/") });
      await response.discard();
    }
    await transport.close();
    expect(server.requests).toHaveLength(5);
    expect(ports.size).toBe(1);
  });

  test("an unexpected body is not the response of the next request", async () => {
    const answer = (body: string): string => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    await using server = await startRawServer((socket) => {
      socket.on("data", (bytes) => {
        const isHead = bytes.toString("latin1").startsWith("HEAD");
        socket.write(isHead ? answer(answer("smuggled")) : answer("honest"));
      });
    });
    const transport = createTransport(time);
    for (let each = 0; each < 3; each++) {
      await (await transport.send({ method: "HEAD", url: server.url("/") })).discard();
      const response = await transport.send({ method: "GET", url: server.url("/") });
      expect(await response.text(100)).toBe("honest");
    }
    await transport.close();
  });
});
