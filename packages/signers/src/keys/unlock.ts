import type { KeyObject } from "node:crypto";

/** Opens one format. Returns undefined for a wrong passphrase. */
export type Unlock = (passphrase: string) => Promise<KeyObject | undefined>;
