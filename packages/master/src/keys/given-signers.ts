import { keyMaterial, type Authority, type Signer } from "@dtuf/tuf";
import { materials } from "./key-ring.ts";

/** The signers whose keys the authority names, under the ids that it lists. */
export function signersOf(signers: readonly Signer[], by: Authority): readonly Signer[] {
  const ids = materials(by);
  return signers.flatMap((signer) => {
    const keyId = ids.get(keyMaterial(signer.key) ?? "");
    return keyId === undefined ? [] : [{ key: signer.key, keyId, sign: (payload: Uint8Array) => signer.sign(payload) }];
  });
}
