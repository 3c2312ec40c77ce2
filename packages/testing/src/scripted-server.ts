/** An HTTP server on loopback whose answers the test writes, and which records the requests. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** The body, parsed as a form. */
  readonly form: URLSearchParams;
}

export interface ScriptedReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

export interface ScriptedServer {
  readonly origin: string;
  readonly log: readonly SeenRequest[];
  stop(): Promise<void>;
}

export async function startScriptedServer(
  reply: (seen: SeenRequest) => ScriptedReply | Promise<ScriptedReply>,
): Promise<ScriptedServer> {
  const log: SeenRequest[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://scripted.invalid");
    const { method = "", headers } = request;
    const seen = {
      method,
      path,
      query,
      authorization: headers.authorization,
      form: new URLSearchParams(await text(request)),
    };
    log.push(seen);
    const { status, headers: sent = {}, body = "" } = await reply(seen);
    response.writeHead(status, sent).end(body);
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
