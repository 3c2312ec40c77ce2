/** People who sign together. */
import type { KeyObject } from "node:crypto";
import { keyFromPem, type Key } from "@dtuf/tuf";
import { publicPem } from "../keys.ts";

interface Founder {
  addKey(role: string, key: Key, options: { readonly owner: string }): Promise<unknown>;
  removeKey(role: string, keyId: string): Promise<unknown>;
  setThreshold(role: string, threshold: number): Promise<unknown>;
}

interface Made {
  readonly role: string;
  readonly keyId: string;
}

/** Stages that root and targets need two of these people, instead of the keys that were made for them. */
export async function shareKeys(
  founder: Founder,
  made: readonly Made[],
  people: Readonly<Record<string, KeyObject>>,
): Promise<void> {
  for (const { role, keyId } of made.filter(({ role: of }) => of === "root" || of === "targets")) {
    for (const [owner, key] of Object.entries(people))
      await founder.addKey(role, keyFromPem(publicPem(key)), { owner });
    await founder.removeKey(role, keyId);
    await founder.setThreshold(role, 2);
  }
}
