import { digestHex, digestOf } from "@dtuf/registry";
import { parseUnverified } from "@dtuf/tuf";

/** What a person compares by another way than the registry, as `pin` says it. */
export function rootText(root: Uint8Array): string {
  return `root version ${parseUnverified(root, "root").version}, sha256 ${digestHex(digestOf(root))}`;
}
