import type { KeyType } from "@dtuf/master";
import type { Values } from "../../context/settings/values.ts";

const keyTypes: ReadonlyMap<string, KeyType> = new Map([
  ["ed25519", "ed25519"],
  ["ecdsa-p256", "ecdsa-p256"],
  ["ecdsa-p384", "ecdsa-p384"],
  ["rsa", "rsa-3072"],
  ["ml-dsa-44", "ml-dsa-44"],
  ["ml-dsa-65", "ml-dsa-65"],
  ["ml-dsa-87", "ml-dsa-87"],
]);

export function readKeyType(values: Values): KeyType {
  return keyTypes.get(values.text("key-type") ?? "") ?? "ed25519";
}
