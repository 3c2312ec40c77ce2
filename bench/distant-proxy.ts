/** A server that is far away: every byte arrives so much later, in both directions. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface DistantProxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
}

/** @param delayMs in each direction: a round trip takes twice as long */
export async function startDistantProxy(upstream: string, delayMs: number): Promise<DistantProxy> {
  const [hostname = "", port] = upstream.split(":");
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const up = connect({ host: hostname, port: Number(port), noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, up],
      [up, client],
    ] as const) {
      open.add(from);
      from.on("data", (chunk: Buffer) => void setTimeout(() => to.writable && to.write(chunk), delayMs));
      from.on("end", () => void setTimeout(() => to.end(), delayMs));
      from.on("error", () => to.destroy()).on("close", () => open.delete(from));
    }
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
