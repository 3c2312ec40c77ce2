/**
 * An encrypted key file of securesystemslib before 1.0: five fields in hex between `@@@@` (salt, rounds, HMAC, IV,
 * ciphertext); AES-256-CTR under a key made by PBKDF2, with the HMAC over the ciphertext.
 */
import { createDecipheriv, createHmac, createPrivateKey, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { SignerError } from "../errors.ts";
import { pbkdf2RoundsMax } from "../limits.ts";
import { pemOfJson } from "./key-json.ts";
import type { Unlock } from "./unlock.ts";

const derive = promisify(pbkdf2);

const fields = /^([0-9a-f]{2,128})@@@@([1-9][0-9]{0,9})@@@@([0-9a-f]{64})@@@@([0-9a-f]{32})@@@@([0-9a-f]+)\s*$/;

/** @throws SignerError SIGNER_KEY_INVALID */
export function findSecuresystemslibKey(text: string, of: string): Unlock | undefined {
  const [, salt, rounds, mac, iv, ciphertext] = fields.exec(text.trimStart()) ?? [];
  if (salt === undefined || rounds === undefined || mac === undefined || iv === undefined || ciphertext === undefined)
    return undefined;
  const damaged = (cause?: unknown): SignerError =>
    new SignerError("SIGNER_KEY_INVALID", `${of} is no key file of securesystemslib that can be opened`, { cause });
  if (Number(rounds) > pbkdf2RoundsMax) throw damaged();
  return async (passphrase) => {
    const key = await derive(passphrase, Buffer.from(salt, "hex"), Number(rounds), 32, "sha256");
    const encrypted = Buffer.from(ciphertext, "hex");
    const computed = createHmac("sha256", key).update(encrypted).digest();
    if (!timingSafeEqual(computed, Buffer.from(mac, "hex"))) return undefined;
    const cipher = createDecipheriv("aes-256-ctr", key, Buffer.from(iv, "hex"));
    const json = Buffer.concat([cipher.update(encrypted), cipher.final()]).toString("utf8");
    try {
      return createPrivateKey(pemOfJson(json));
    } catch (cause) {
      throw damaged(cause);
    }
  };
}
