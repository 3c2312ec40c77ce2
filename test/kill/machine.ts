/** The machines of a team, on one layout. `ci` has the key files, each other one the key `NAME.pem`. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createMaster, type Master } from "@dtuf/master";
import { createLayoutStore } from "@dtuf/registry/layout";
import { createSigner, keyFromPem, type Key } from "@dtuf/tuf";

const now = (): Date => new Date("2030-01-01T00:00:00Z");

export async function openMachine(directory: string, name: string): Promise<Master> {
  const store = createLayoutStore({ directory: join(directory, "registry"), now });
  const pem = name === "ci" ? undefined : await readFile(join(directory, `${name}.pem`), "utf8");
  const signers = pem === undefined ? [] : [createSigner(createPrivateKey(pem))];
  return createMaster({ store, place: "here", directory: join(directory, name), now, signers });
}

export async function publicKeyOf(directory: string, name: string): Promise<Key> {
  const key = createPublicKey(await readFile(join(directory, `${name}.pem`), "utf8"));
  return keyFromPem(String(key.export({ format: "pem", type: "spki" })));
}
