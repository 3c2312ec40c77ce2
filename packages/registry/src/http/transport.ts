import type { Transport, TransportOptions } from "./http.ts";

export function createTransport(_options: TransportOptions): Transport {
  return {
    send: () => Promise.reject(new TypeError("not there yet")),
    close: () => Promise.resolve(),
  };
}
