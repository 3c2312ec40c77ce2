/** A bad link: every so many bytes towards the client, the connection that brought them is cut. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface CuttingProxy extends AsyncDisposable {
  /** host:port */
  readonly host: string;
  /** From now on: `cuts` cuts, `everyBytes` apart. */
  arm(cuts: number, everyBytes: number): void;
  /** Cuts that are still to come. */
  left(): number;
}

export async function startCuttingProxy(upstream: string): Promise<CuttingProxy> {
  const [hostname = "", port] = upstream.split(":");
  const open = new Set<Socket>();
  let passed = 0;
  let left = 0;
  let every = Infinity;
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
    up.on("data", (chunk: Buffer) => {
      passed += chunk.length;
      if (left > 0 && passed >= every) {
        left -= 1;
        passed = 0;
        return end();
      }
      if (!client.write(chunk)) up.pause();
    });
    client.on("drain", () => up.resume());
    up.on("end", () => client.end());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm(cuts, everyBytes) {
      passed = 0;
      left = cuts;
      every = everyBytes;
    },
    left: () => left,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
