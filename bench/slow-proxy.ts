/** A long way to the registry: each connection brings at most so many bytes a second, however many there are. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface SlowProxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
}

export async function startSlowProxy(upstream: string, bytesPerSecond: number): Promise<SlowProxy> {
  const [hostname = "", port] = upstream.split(":");
  const open = new Set<Socket>();
  async function pass(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      to.write(chunk);
      await sleep((chunk.length / bytesPerSecond) * 1000);
    }
    to.end();
  }
  const server = createServer((client) => {
    const up = connect({ host: hostname, port: Number(port) });
    const end = (): void => {
      client.destroy();
      up.destroy();
      open.delete(client);
    };
    open.add(client);
    for (const socket of [client, up]) socket.on("error", end).on("close", end);
    client.pipe(up);
    pass(up, client).catch(end);
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
