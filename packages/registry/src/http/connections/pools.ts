/**
 * Connections: one pool for each origin and allowed network, so that no connection is shared between origins with
 * different TLS identities, trust or address rules. HTTP/1.1 only, because undici's HTTP/2 is a fifth slower for blobs and
 * gives parallel downloads one shared window.
 */
import { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { timedOut } from "../failure.ts";
import type { HttpResponse, TransportOptions } from "../http.ts";
import { headersMaxBytes, poolsMax } from "../limits.ts";
import { verifyHost, guardedLookup } from "../addresses/lookup.ts";
import { createPlainConnector } from "./large-reads.ts";
import { buildConnector, Pool, ProxyAgent } from "./undici.ts";
import { mayReach, networkOf, type Network } from "../addresses/network.ts";
import { originOf } from "../addresses/origin.ts";
import { findProxy } from "../addresses/proxy.ts";
import { identityAndTrustFor, trustFor } from "../tls/tls.ts";

export interface OriginPool {
  readonly dispatcher: Dispatcher;
  /**
   * The network class of the resolved address (the most public one if several), and the class that addresses are allowed
   * to have. `network` is undefined before the first connection and behind a proxy.
   */
  place(): Pick<HttpResponse, "network" | "allowedNetwork">;
}

export interface Pools {
  /** @throws OciError OCI_REDIRECT_REFUSED for a host that is an address outside `allowedNetwork` */
  find(url: URL, allowedNetwork: Network | undefined, connection?: "any" | "new"): OriginPool;
  /** Ends every connection, in use or not. */
  close(): Promise<void>;
}

type PoolsOptions = Pick<
  TransportOptions,
  "family" | "lookup" | "proxy" | "tls" | "connectTimeoutMs" | "connectionsPerOrigin"
>;

export function createPools(options: PoolsOptions): Pools {
  const pools = new Map<string, OriginPool>();
  const retired = new Set<OriginPool>();
  const retire = (pool: OriginPool): void => {
    retired.add(pool);
    // Exchanges in progress are completed.
    void pool.dispatcher.close().finally(() => retired.delete(pool));
  };
  return {
    find(url, allowedNetwork, connection = "any") {
      if (allowedNetwork !== undefined) verifyHost(url.hostname, allowedNetwork);
      const key = `${url.origin} ${allowedNetwork ?? "any"}`;
      const known = pools.get(key);
      const pool = connection === "any" && known !== undefined ? known : openPool(url, allowedNetwork, options);
      if (known !== undefined && known !== pool) retire(known);
      pools.delete(key);
      pools.set(key, pool); // the least recently used is first
      evict(pools, retire);
      return pool;
    },
    async close() {
      const all = [...pools.values(), ...retired];
      pools.clear();
      await Promise.all(all.map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

function evict(pools: Map<string, OriginPool>, retire: (pool: OriginPool) => void): void {
  const [oldest] = pools;
  if (pools.size <= poolsMax || oldest === undefined) return;
  pools.delete(oldest[0]);
  retire(oldest[1]);
}

function openPool(url: URL, allowedNetwork: Network | undefined, options: PoolsOptions): OriginPool {
  const proxy = options.proxy === undefined ? undefined : findProxy(url, options.proxy);
  if (proxy === undefined) return openDirect(url, allowedNetwork, options);
  return { dispatcher: openProxied(url, proxy, options), place: () => ({ network: undefined, allowedNetwork }) };
}

function openDirect(url: URL, allowedNetwork: Network | undefined, options: PoolsOptions): OriginPool {
  let network: Network | undefined;
  const lookup = allowedNetwork === undefined ? options.lookup : guardedLookup(allowedNetwork, options.lookup);
  const tls = identityAndTrustFor(options.tls?.(originOf(url)));
  const connecting = { ...connectOptions(options), ...tls, ...(lookup === undefined ? {} : { lookup }) };
  const connect = url.protocol === "https:" ? buildConnector(connecting) : createPlainConnector(connecting);
  const found = (socket: Socket): void => {
    const where = networkOf(socket.remoteAddress ?? "");
    if (where === undefined || (network !== undefined && mayReach(where, network))) return;
    network = where;
  };
  const dispatcher = new Pool(url.origin, { ...poolOptions(options), connect: timed(connect, options, found) });
  return { dispatcher, place: () => ({ network, allowedNetwork }) };
}

/** An http request goes to the proxy in absolute form, https through a tunnel with TLS between this client and the origin. */
function openProxied(url: URL, proxy: URL, options: PoolsOptions): Dispatcher {
  const shared = connectOptions(options);
  const pool = (origin: string | URL, more: object): Dispatcher =>
    new Pool(origin, { ...poolOptions(options), ...more, ...timedIn(more, options) });
  return new ProxyAgent({
    uri: proxy.href,
    proxyTls: { ...shared, ...trustFor(options.tls?.(originOf(proxy))), ...lookupOf(options) },
    requestTls: { ...shared, ...identityAndTrustFor(options.tls?.(originOf(url))) },
    clientFactory: (origin, more) => pool(origin, { ...more, headersTimeout: connectTimeoutOf(options) }),
    factory: pool,
    proxyTunnel: false,
  });
}

/** `timeout: 0` turns off undici's own timeout, which is less exact than `timed`. */
function connectOptions(options: PoolsOptions): buildConnector.BuildOptions {
  const family = options.family === undefined ? { autoSelectFamily: true } : { family: options.family };
  return { ...family, allowH2: false, timeout: 0 };
}

function connectTimeoutOf(options: PoolsOptions): number {
  return options.connectTimeoutMs ?? 10_000;
}

function lookupOf(options: PoolsOptions): Pick<PoolsOptions, "lookup"> {
  return options.lookup === undefined ? {} : { lookup: options.lookup };
}

function poolOptions(options: PoolsOptions): Pool.Options {
  return {
    connections: options.connectionsPerOrigin ?? 8,
    pipelining: 1,
    maxHeaderSize: headersMaxBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  };
}

function timedIn(more: object, options: PoolsOptions): { connect?: buildConnector.connector } {
  if (!("connect" in more) || typeof more.connect !== "function") return {};
  return { connect: timed(more.connect as buildConnector.connector, options) };
}

/** Limits the time for name lookup, TCP and TLS together. A connection that is ready too late is closed. */
function timed(
  connect: buildConnector.connector,
  options: PoolsOptions,
  onConnected: (socket: Socket) => void = () => undefined,
): buildConnector.connector {
  const ms = connectTimeoutOf(options);
  return (target, callback) => {
    let open = true;
    const timer = setTimeout(() => {
      open = false;
      if (pending instanceof Socket) pending.destroy();
      const url = new URL(`${target.protocol}//${target.host ?? target.hostname}`);
      callback(timedOut("CONNECT_TIMEOUT", ms, { method: "CONNECT", url }), null);
    }, ms);
    const pending: unknown = connect(target, (...result) => {
      clearTimeout(timer);
      if (!open) {
        result[1]?.destroy();
        return;
      }
      open = false;
      if (result[0] === null) onConnected(result[1]);
      callback(...result);
    });
  };
}
