/** A server that is far away: every byte arrives so much later, in both directions. */
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** @param delayMs in each direction: a round trip takes twice as long */
export function startDistantProxy(upstream: string, delayMs: number): Promise<TcpProxy> {
  return startTcpProxy(upstream, ({ client, up }) => {
    client.on("close", () => void setTimeout(() => up.destroy(), delayMs));
    for (const [from, to] of [
      [client, up],
      [up, client],
    ] as const) {
      from.on("data", (chunk: Buffer) => void setTimeout(() => to.writable && to.write(chunk), delayMs));
      from.on("end", () => void setTimeout(() => to.end(), delayMs));
    }
  });
}
