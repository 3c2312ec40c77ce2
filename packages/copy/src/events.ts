/** What a program may want to tell its user while things go on. Nothing here asks for an answer. */
export type CopyEvent =
  /** A site failed or was refused; the next one is tried. */
  | { readonly kind: "site-skipped"; readonly site: string; readonly error: unknown }
  /** A delegated role could not be had; the names of its targets are missing from the result. */
  | { readonly kind: "role-skipped"; readonly role: string; readonly error: unknown }
  /** The state cannot be written: what was accepted is forgotten with this copy, and with it the protection from rollback. */
  | { readonly kind: "state-not-kept"; readonly directory: string; readonly error: unknown }
  /** A memory that saves requests or repeated names cannot be written. Nothing that protects is lost. */
  | { readonly kind: "cache-not-kept"; readonly directory: string; readonly error: unknown }
  /** Another process works on the same state; told after a second. `pid` is undefined if the system does not tell it. */
  | { readonly kind: "lock-awaited"; readonly path: string; readonly pid: number | undefined }
  /** A damaged or foreign file in the cache was left aside; it is fetched again. */
  | { readonly kind: "cache-healed"; readonly what: string; readonly error: unknown };
