import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createTransport } from "@dtuf/registry/http";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { expect, test } from "vitest";
import { describeRequest } from "./request-note.ts";

test("a server that accepts and never answers is told of at WARNING at each attempt, and the attempts end", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const notes: unknown[] = [];
  const transport = createTransport({
    stallTimeoutMs: 20,
    sleep: async () => undefined,
    onRequest: (event) => notes.push(describeRequest(event)),
  });
  try {
    const sent = transport.send({ method: "GET", url: new URL(`http://${host}/v2/`) });
    await expectRefused(sent, "OCI_UNAVAILABLE");
  } finally {
    await transport.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
  const note = (attempt: number): unknown => ({
    text: `no answer from ${host} (STALLED), attempt ${attempt} of at most 5`,
    level: "WARNING",
  });
  expect(notes).toEqual([1, 2, 3, 4, 5].map(note));
});

test("every other request is told of at DEBUG", () => {
  const event = { method: "GET", url: "https://r.example/v2/", failure: undefined, attempt: 1, hop: 0 } as const;
  expect(describeRequest({ ...event, status: 200 })).toEqual({ text: "GET https://r.example/v2/ 200", level: "DEBUG" });
});
