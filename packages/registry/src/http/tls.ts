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
