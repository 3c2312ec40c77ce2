/** Which proxy a URL goes through. The values are those of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, read by the caller. */
export interface ProxyOptions {
  /** For http URLs. `http://[user:password@]host:port` or `https://…` */
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  /** Separated by commas or blanks: host (and what is below it), .suffix, *.suffix, IP, CIDR, each with :port where wanted, or *. */
  readonly noProxy?: string | undefined;
}

export function findProxy(_url: URL, _options: ProxyOptions): URL | undefined {
  return undefined;
}
