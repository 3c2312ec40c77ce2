/**
 * Connections: one pool per origin and reach, so that TLS identity, trust and address rules of one origin never serve
 * another. HTTP/1.1 only: undici's HTTP/2 is a fifth slower for blobs and gives a download one window to share.
 */
import { Socket } from "node:net";
import { buildConnector, Pool, ProxyAgent, type Dispatcher } from "undici";
import { timedOut } from "../failure.ts";
import type { HttpResponse, TransportOptions } from "../http.ts";
import { headersMaxBytes, lanesMax } from "../limits.ts";
import { checkHost, guardedLookup } from "../addresses/lookup.ts";
import { mayReach, networkOf, type Network } from "../addresses/network.ts";
import { originOf } from "../addresses/origin.ts";
import { findProxy } from "../addresses/proxy.ts";
import { identityAndTrustFor, trustFor } from "../tls.ts";

export interface Lane {
  readonly dispatcher: Dispatcher;
  /**
   * Where the other side was found, of several places the most public; undefined before that and behind a proxy. And
   * what it is held to.
   */
  place(): Pick<HttpResponse, "network" | "reach">;
}

export interface Lanes {
  /** @throws OciError OCI_REDIRECT_REFUSED for a host that is an address out of reach */
  find(url: URL, reach: Network | undefined, connection?: "any" | "new"): Lane;
  /** Ends every connection, in use or not. */
  close(): Promise<void>;
}

type LaneOptions = Pick<
  TransportOptions,
  "family" | "lookup" | "proxy" | "tls" | "connectTimeoutMs" | "connectionsPerOrigin"
>;

export function createLanes(options: LaneOptions): Lanes {
  const lanes = new Map<string, Lane>();
  const retired = new Set<Lane>();
  const retire = (lane: Lane): void => {
    retired.add(lane);
    // What is under way there goes on.
    void lane.dispatcher.close().finally(() => retired.delete(lane));
  };
  return {
    find(url, reach, connection = "any") {
      if (reach !== undefined) checkHost(url.hostname, reach);
      const key = `${url.origin} ${reach ?? "any"}`;
      const known = lanes.get(key);
      const lane = connection === "any" && known !== undefined ? known : openLane(url, reach, options);
      if (known !== undefined && known !== lane) retire(known);
      lanes.delete(key);
      lanes.set(key, lane); // the least recently used is first
      evict(lanes, retire);
      return lane;
    },
    async close() {
      const all = [...lanes.values(), ...retired];
      lanes.clear();
      await Promise.all(all.map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

function evict(lanes: Map<string, Lane>, retire: (lane: Lane) => void): void {
  const [oldest] = lanes;
  if (lanes.size <= lanesMax || oldest === undefined) return;
  lanes.delete(oldest[0]);
  retire(oldest[1]);
}

function openLane(url: URL, reach: Network | undefined, options: LaneOptions): Lane {
  const proxy = options.proxy === undefined ? undefined : findProxy(url, options.proxy);
  if (proxy === undefined) return openDirect(url, reach, options);
  return { dispatcher: openProxied(url, proxy, options), place: () => ({ network: undefined, reach }) };
}

function openDirect(url: URL, reach: Network | undefined, options: LaneOptions): Lane {
  let network: Network | undefined;
  const lookup = reach === undefined ? options.lookup : guardedLookup(reach, options.lookup);
  const tls = identityAndTrustFor(options.tls?.(originOf(url)));
  const connect = buildConnector({ ...connectOptions(options), ...tls, ...(lookup === undefined ? {} : { lookup }) });
  const found = (socket: Socket): void => {
    const where = networkOf(socket.remoteAddress ?? "");
    if (where === undefined || (network !== undefined && mayReach(where, network))) return;
    network = where;
  };
  const dispatcher = new Pool(url.origin, { ...poolOptions(options), connect: timed(connect, options, found) });
  return { dispatcher, place: () => ({ network, reach }) };
}

/** http goes to the proxy in absolute form, https through a tunnel in which TLS is spoken with the origin itself. */
function openProxied(url: URL, proxy: URL, options: LaneOptions): Dispatcher {
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

/** `timeout: 0`: undici's own is coarse, `timed` is exact. */
function connectOptions(options: LaneOptions): buildConnector.BuildOptions {
  const family = options.family === undefined ? { autoSelectFamily: true } : { family: options.family };
  return { ...family, allowH2: false, timeout: 0 };
}

function connectTimeoutOf(options: LaneOptions): number {
  return options.connectTimeoutMs ?? 10_000;
}

function lookupOf(options: LaneOptions): Pick<LaneOptions, "lookup"> {
  return options.lookup === undefined ? {} : { lookup: options.lookup };
}

function poolOptions(options: LaneOptions): Pool.Options {
  return {
    connections: options.connectionsPerOrigin ?? 8,
    pipelining: 1,
    maxHeaderSize: headersMaxBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  };
}

function timedIn(more: object, options: LaneOptions): { connect?: buildConnector.connector } {
  if (!("connect" in more) || typeof more.connect !== "function") return {};
  return { connect: timed(more.connect as buildConnector.connector, options) };
}

/** Name lookup, TCP and TLS within one exact time. A connection that comes too late is ended. */
function timed(
  connect: buildConnector.connector,
  options: LaneOptions,
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
