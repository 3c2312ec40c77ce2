/** A long way to the registry: each connection brings at most so many bytes a second, however many there are. */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export function startSlowProxy(upstream: string, bytesPerSecond: number): Promise<TcpProxy> {
  async function pass(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      to.write(chunk);
      await sleep((chunk.length / bytesPerSecond) * 1000);
    }
    to.end();
  }
  return startTcpProxy(upstream, ({ client, up, cut }) => {
    for (const socket of [client, up]) socket.on("close", cut);
    client.pipe(up);
    pass(up, client).catch(cut);
  });
}
