/** ML-DSA keys and signatures that another implementation made (TAP 21). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keyIdOf, parseKey, type JsonObject } from "@dtuf/tuf";
import { expect, test } from "vitest";
import { findPublicKey } from "../../packages/tuf/src/public-key.ts";

interface Vector {
  readonly key: JsonObject;
  readonly keyid: string;
  readonly payload: string;
  readonly sig: string;
}

const file = join(import.meta.dirname, "data", "ml-dsa.json");
const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { readonly vectors: readonly Vector[] };

test.each(vectors)(
  "a key and a signature of securesystemslib verify here, under the same key id: $key.scheme",
  (vector) => {
    const key = parseKey(vector.key);
    const signature = Buffer.from(vector.sig, "hex");
    expect(keyIdOf(key)).toBe(vector.keyid);
    expect(findPublicKey(key)?.verifies(Buffer.from(vector.payload), signature)).toBe(true);
    signature[100] = (signature[100] ?? 0) ^ 1;
    expect(findPublicKey(key)?.verifies(Buffer.from(vector.payload), signature)).toBe(false);
  },
);
