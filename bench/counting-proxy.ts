/** What a client asks of a server: requests and bytes, counted between the two. Never used for timing. */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

export interface Counts {
  readonly requests: number;
  /** Of bodies, towards the client. */
  readonly received: number;
  /** Of bodies, from the client. */
  readonly sent: number;
  /** `GET`, `PUT` … and how often. */
  readonly methods: ReadonlyMap<string, number>;
}

export interface CountingProxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
  /** What was counted since the last call. */
  take(): Counts;
}

export async function startCountingProxy(upstream: string): Promise<CountingProxy> {
  const empty = (): { requests: number; received: number; sent: number; methods: Map<string, number> } => ({
    requests: 0,
    received: 0,
    sent: 0,
    methods: new Map(),
  });
  let counts = empty();
  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = "GET", url: path, headers } = incoming;
    counts.requests += 1;
    counts.methods.set(method, (counts.methods.get(method) ?? 0) + 1);
    const [hostname, port] = upstream.split(":");
    // The Host header stays, so that the server's Locations lead through here.
    const up = request({ hostname, port, method, path, headers });
    incoming.on("data", ({ length }: Buffer) => (counts.sent += length));
    const answered = Promise.withResolvers<IncomingMessage>();
    up.on("response", answered.resolve).on("error", answered.reject);
    await pipeline(incoming, up);
    const response = await answered.promise;
    response.on("data", ({ length }: Buffer) => (counts.received += length));
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    await pipeline(response, outgoing);
  };
  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = counts;
      counts = empty();
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
