import * as nodeTls from "node:tls";

/** What one named host needs beyond the system's own TLS settings. */
export interface TlsOptions {
  /** PEM certificates of authorities trusted for this host beside the system's. */
  readonly ca?: readonly string[];
  /** PEM client certificate (chain) and its key; both or neither. Shown to this origin only, never to a proxy. */
  readonly cert?: string;
  readonly key?: string;
  /** "skip-verify": any certificate will do. For this host only. Default "verify". */
  readonly verification?: "verify" | "skip-verify";
}

interface ConnectTls {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

/** How to trust the other side, without the client certificate: all that a proxy is given. */
export function trustFor(tls: TlsOptions | undefined): ConnectTls {
  // Whoever takes any certificate needs no authorities: to read some hundred of them takes a while.
  if (tls?.verification === "skip-verify") return { rejectUnauthorized: false };
  const ca = tls?.ca === undefined ? {} : { ca: [...defaultAuthorities(), ...tls.ca] };
  return { ...ca, rejectUnauthorized: true };
}

/** A named import would keep bundles from starting on Node before 22.15, which has no such function and no such name. */
function defaultAuthorities(): readonly string[] {
  const { getCACertificates, rootCertificates }: Partial<typeof nodeTls> = nodeTls;
  return getCACertificates?.("default") ?? rootCertificates ?? [];
}

export function identityAndTrustFor(tls: TlsOptions | undefined): ConnectTls {
  const identity = tls?.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key };
  return { ...trustFor(tls), ...identity };
}
