/** Servers on loopback for tests of the HTTP client. Each closes, with its connections, at the end of its scope. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, createServer as createNetServer, type AddressInfo, type LookupFunction, type Socket } from "node:net";
import { TLSSocket, type TlsOptions } from "node:tls";

export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** scheme://127.0.0.1:port, or [::1] */
  readonly origin: string;
  url(path: string): URL;
  /** Open connections. */
  connections(): number;
}

export interface HttpLoopbackServer extends LoopbackServer {
  readonly requests: IncomingMessage[];
}

/** A name server that answers 127.0.0.1 once and then the address of a cloud's metadata service. */
export function rebinding(): LookupFunction {
  let asked = 0;
  return (_host, options, callback) => {
    const address = (asked += 1) === 1 ? "127.0.0.1" : "169.254.169.254";
    if (options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };
}

interface ListenOptions {
  readonly host?: "127.0.0.1" | "::1";
  readonly tls?: TlsOptions;
}

/** A presigned address can be longer than Node's servers accept by default. */
const large = { maxHeaderSize: 64 * 1024 };

/** `handler` is called after the request was recorded. */
export async function startHttpServer(
  handler: RequestListener,
  options: ListenOptions = {},
): Promise<HttpLoopbackServer> {
  const requests: IncomingMessage[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request);
    handler(request, response);
  };
  const server =
    options.tls === undefined ? createServer(large, listener) : createTlsServer({ ...large, ...options.tls }, listener);
  const loopback = await listen(server, options);
  return { ...loopback, requests };
}

/** A server for arbitrary bytes. */
export async function startRawServer(onConnection: (socket: Socket) => void): Promise<LoopbackServer> {
  return await listen(
    createNetServer((socket) => {
      socket.on("error", () => undefined);
      socket.resume(); // needed to see the end of the connection
      onConnection(socket);
    }),
    {},
  );
}

export interface LoopbackProxy extends HttpLoopbackServer {
  /** host:port of each CONNECT, and the URL of each request in absolute form. */
  readonly targets: string[];
  /** The name in the client certificate of each CONNECT; undefined if there is none. */
  readonly clients: (string | undefined)[];
}

const askForClient = { requestCert: true, rejectUnauthorized: false };

/** A proxy that resolves every host to 127.0.0.1, with the requested port. */
export async function startProxy(
  options: { readonly authorization?: string; readonly tls?: TlsOptions } = {},
): Promise<LoopbackProxy> {
  const targets: string[] = [];
  const clients: (string | undefined)[] = [];
  const requests: IncomingMessage[] = [];
  const refuses = (request: IncomingMessage): boolean =>
    options.authorization !== undefined && request.headers["proxy-authorization"] !== options.authorization;
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    targets.push(request.url ?? "");
    response.writeHead(refuses(request) ? 407 : 200, { "x-via": "proxy" }).end("through the proxy");
  };
  const server =
    options.tls === undefined ? createServer(listener) : createTlsServer({ ...askForClient, ...options.tls }, listener);
  server.on("connect", (request, client: Socket) => {
    requests.push(request);
    targets.push(request.url ?? "");
    clients.push(client instanceof TLSSocket ? client.getPeerCertificate().subject?.CN?.toString() : undefined);
    client.on("error", () => undefined);
    if (refuses(request)) return client.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    const upstream = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    return undefined;
  });
  const loopback = await listen(server, options.tls === undefined ? {} : { tls: options.tls });
  return { ...loopback, requests, targets, clients };
}

/** A resolver that knows only these names. */
export function lookupOf(hosts: Readonly<Record<string, readonly string[]>>): LookupFunction {
  return (hostname, options, callback) => {
    const all = (hosts[hostname] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    const found = all.filter(
      ({ family }) => options.family === undefined || [0, family].includes(Number(options.family)),
    );
    const first = found[0];
    if (first === undefined) {
      return callback(Object.assign(new TypeError(`no address for ${hostname}`), { code: "ENOTFOUND" }), "", 0);
    }
    if (options.all === true) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

async function listen(
  server: Server | ReturnType<typeof createNetServer>,
  options: ListenOptions,
): Promise<LoopbackServer> {
  const host = options.host ?? "127.0.0.1";
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on("error", reject);
  server.listen(0, host, resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const origin = `${options.tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    port,
    origin,
    url: (path) => new URL(path, origin),
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}
