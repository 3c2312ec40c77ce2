/** Events that a program may show to its user during a call. None needs an answer. */
export type CopyEvent =
  /** A site failed or was refused; the next one is tried. */
  | { readonly kind: "site-skipped"; readonly site: string; readonly error: unknown }
  /** A target's chunk index cannot be used: its bytes are not passed on before all of them are verified. */
  | { readonly kind: "index-unused"; readonly path: string; readonly error: unknown }
  /** A way to the bytes of a target failed (a patch, a compressed copy, older files, ranges), and the next one is taken: more is fetched. */
  | { readonly kind: "way-failed"; readonly path: string; readonly way: FailedWay; readonly error: unknown }
  /** A delegated role could not be loaded; the names of its targets are missing from the result. */
  | { readonly kind: "role-skipped"; readonly role: string; readonly error: unknown }
  /** The state cannot be written. It is lost when this copy ends, and with it the protection from rollback. */
  | { readonly kind: "state-not-kept"; readonly directory: string; readonly error: unknown }
  /** A cache that saves requests or repeated reports cannot be written. No protection is lost. */
  | { readonly kind: "cache-not-kept"; readonly directory: string; readonly error: unknown }
  /**
   * Another process holds the lock of the same state; reported after a second. `pid` is undefined if the system does not
   * provide it.
   */
  | { readonly kind: "lock-awaited"; readonly path: string; readonly pid: number | undefined }
  /** A damaged or foreign file in the cache was ignored; it is fetched again. */
  | { readonly kind: "cache-healed"; readonly what: string; readonly error: unknown };

/** A way to the bytes of a target that another one follows: see `Way`. */
export type FailedWay = "seed" | "ranges" | "patch" | "compressed";
