/** Selects the proxy for a URL. The values are those of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, read by the caller. */
import { BlockList, isIP, isIPv4 } from "node:net";
import { networkOf } from "./network.ts";

export interface ProxyOptions {
  /** For http URLs. `[http[s]://][user:password@]host[:port]`; empty: no proxy. */
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  /**
   * Separated by commas or blanks: a host (and all names below it), .suffix or *.suffix (only names below), an IP address,
   * a CIDR range, each with an optional :port (IPv6 then in brackets); or *.
   */
  readonly noProxy?: string | undefined;
}

/**
 * A loopback host never goes through a proxy, because the proxy would look for it on its own machine.
 * @throws TypeError if the proxy's value is not an http(s) URL
 */
export function findProxy(url: URL, options: ProxyOptions): URL | undefined {
  const value = url.protocol === "https:" ? options.httpsProxy : options.httpProxy;
  if (value === undefined || value === "") return undefined;
  if (networkOf(url.hostname) === "loopback") return undefined;
  const host = bareHost(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const entries = (options.noProxy ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  return entries.some((entry) => matches(entry, host, port)) ? undefined : parseProxy(value);
}

/** @throws TypeError if `value` is not an http(s) URL; the message does not contain the value, which may hold a password */
export function parseProxy(value: string): URL {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError("a proxy must be given as http://host:port or https://host:port");
  }
  return url;
}

function matches(entry: string, host: string, port: number): boolean {
  const { name, onlyPort } = splitPort(entry.toLowerCase());
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (name === "*") return true;
  if (isIP(host) !== 0) return matchesAddress(name, host);
  if (/^\*?\./.test(name)) return host.endsWith(name.replace(/^\*/, ""));
  return host === name || host.endsWith(`.${name}`);
}

function matchesAddress(name: string, host: string): boolean {
  const [address = "", prefix] = name.split("/");
  const bare = bareHost(address);
  if (isIP(bare) === 0) return false;
  const family = isIPv4(bare) ? "ipv4" : "ipv6";
  const allBits = family === "ipv4" ? 32 : 128;
  const bits = prefix ?? String(allBits);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > allBits) return false;
  const list = new BlockList();
  list.addSubnet(bare, Number(bits), family);
  return list.check(host, isIPv4(host) ? "ipv4" : "ipv6");
}

/** Matches host:80, [::1]:80 and *:80, which have a port, but not ::1 and fd00::/8. */
function splitPort(entry: string): { readonly name: string; readonly onlyPort: number | undefined } {
  const match = /^(\[[^\]]*\](?:\/\d+)?|[^:]*):(\d+)$/.exec(entry);
  const name = match?.[1] ?? entry;
  return { name: bareHost(name), onlyPort: match === null ? undefined : Number(match[2]) };
}

function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]/, "$1").replace(/(.)\.$/, "$1");
}
