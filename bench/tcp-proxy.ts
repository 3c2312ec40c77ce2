/** Connections to a server that lead through here: what passes may be slowed, delayed or cut. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface TcpProxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
}

/** One connection of a client, and the one that it leads to. */
export interface Line {
  readonly client: Socket;
  readonly up: Socket;
  /** Ends both at once. */
  readonly cut: () => void;
}

/** @param pass moves the bytes in both directions */
export async function startTcpProxy(upstream: string, pass: (line: Line) => void): Promise<TcpProxy> {
  const [hostname = "", port] = upstream.split(":");
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const up = connect({ host: hostname, port: Number(port), noDelay: true });
    const cut = (): void => {
      client.destroy();
      up.destroy();
    };
    open.add(client);
    client.on("close", () => open.delete(client));
    for (const socket of [client, up]) socket.on("error", cut);
    pass({ client, up, cut });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
