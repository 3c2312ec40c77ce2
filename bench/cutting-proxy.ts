/** A bad link: every so many bytes towards the client, the connection that brought them is cut. */
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export interface CuttingProxy extends TcpProxy {
  /** From now on: `cuts` cuts, `everyBytes` apart. */
  arm(cuts: number, everyBytes: number): void;
  /** Cuts that are still to come. */
  left(): number;
}

export async function startCuttingProxy(upstream: string): Promise<CuttingProxy> {
  let passed = 0;
  let left = 0;
  let every = Infinity;
  const proxy = await startTcpProxy(upstream, ({ client, up, cut }) => {
    for (const socket of [client, up]) socket.on("close", cut);
    client.pipe(up);
    up.on("data", (chunk: Buffer) => {
      passed += chunk.length;
      if (left > 0 && passed >= every) {
        left -= 1;
        passed = 0;
        return cut();
      }
      if (!client.write(chunk)) up.pause();
    });
    client.on("drain", () => up.resume());
    up.on("end", () => client.end());
  });
  return {
    ...proxy,
    arm(cuts, everyBytes) {
      passed = 0;
      left = cuts;
      every = everyBytes;
    },
    left: () => left,
  };
}
