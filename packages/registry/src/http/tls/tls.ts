import * as nodeTls from "node:tls";

/** TLS settings of one host, in addition to the system's. */
export interface TlsOptions {
  /** PEM certificates of authorities trusted for this host in addition to the system's. */
  readonly ca?: readonly string[];
  /** PEM client certificate (chain) and its key; both or neither. Sent to this origin only, never to a proxy. */
  readonly cert?: string;
  readonly key?: string;
  /** "skip-verify" accepts any certificate, for this host only. Default "verify". */
  readonly verification?: "verify" | "skip-verify";
}

interface ConnectTls {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

/** Trust settings without the client certificate, for a connection to a proxy. */
export function trustFor(tls: TlsOptions | undefined): ConnectTls {
  // Without verification the system's authorities are not loaded, because reading some hundred of them takes a while.
  if (tls?.verification === "skip-verify") return { rejectUnauthorized: false };
  const ca = tls?.ca === undefined ? {} : { ca: [...defaultAuthorities(), ...tls.ca] };
  return { ...ca, rejectUnauthorized: true };
}

/** Not a named import, because Node before 22.15 lacks this function and a bundle would not start there. */
function defaultAuthorities(): readonly string[] {
  const { getCACertificates, rootCertificates }: Partial<typeof nodeTls> = nodeTls;
  return getCACertificates?.("default") ?? rootCertificates ?? [];
}

export function identityAndTrustFor(tls: TlsOptions | undefined): ConnectTls {
  const identity = tls?.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key };
  return { ...trustFor(tls), ...identity };
}
