import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createPrivateKey } from "@dtuf/testing/keys";
import type { TestKeyType } from "@dtuf/testing/keys";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { Json } from "./json.ts";
import type { Key } from "./key.ts";
import { encodeKey, keyFromPem, keyIdOf, keyMaterial, parseKey } from "./key.ts";
import { findPublicKey } from "./public-key.ts";
import { createSigner } from "./signer.ts";

const pemOf = (key: KeyObject): string => createPublicKey(key).export({ format: "pem", type: "spki" }).toString();
const key = (keytype: string, scheme: string, text: string): Key =>
  parseKey({ keytype, scheme, keyval: { public: text } });
const payload = Buffer.from("payload");

/** The point of an EC key in hex, uncompressed and compressed. */
function points(pem: string): { long: string; short: string } {
  const { x = "", y = "" } = createPublicKey(pem).export({ format: "jwk" });
  const [px, py] = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
  const parity = (py.at(-1) ?? 0) % 2 === 0 ? "02" : "03";
  return { long: `04${px.toString("hex")}${py.toString("hex")}`, short: parity + px.toString("hex") };
}

const types: readonly TestKeyType[] = [
  "ed25519",
  "ecdsa-p256",
  "ecdsa-p384",
  "rsa",
  "ml-dsa-44",
  "ml-dsa-65",
  "ml-dsa-87",
];

describe("keys", () => {
  test.each(types)("a signature of an %s key verifies with it, and with no other payload or key", async (type) => {
    const signer = createSigner(createPrivateKey(type));
    const signature = await signer.sign(payload);
    const opened = findPublicKey(parseKey(encodeKey(signer.key)));
    expect(opened?.verifies(payload, signature)).toBe(true);
    expect(opened?.verifies(Buffer.from("other"), signature)).toBe(false);
    expect(findPublicKey(createSigner(createPrivateKey(type)).key)?.verifies(payload, signature)).toBe(false);
  });

  test.each(["ecdsa-p256", "ecdsa-p384"] as const)(
    "%s keys are one key in PEM, hex and compressed hex [T9]",
    (type) => {
      const pem = pemOf(createPrivateKey(type));
      const { scheme } = keyFromPem(pem);
      const { long, short } = points(pem);
      const spellings = [pem, pem.replaceAll("\n", "\r\n"), `\n${pem}\n\n`, long, long.toUpperCase(), short];
      const keys = spellings.flatMap((text) => [key("ecdsa", scheme, text), key(scheme, scheme, text)]);
      expect(new Set(keys.map(keyMaterial)).size).toBe(1);
      expect(keyMaterial(keyFromPem(pem))).toMatch(/^[0-9a-f]{64}$/);
    },
  );

  test("an EC key is one key in PEM with a compressed point [T9]", () => {
    const pem = pemOf(createPrivateKey("ecdsa-p256"));
    const der = Buffer.from(`3039301306072a8648ce3d020106082a8648ce3d030107032200${points(pem).short}`, "hex");
    const text = `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----`;
    const scheme = "ecdsa-sha2-nistp256";
    expect(keyMaterial(key("ecdsa", scheme, text))).toBe(keyMaterial(key("ecdsa", scheme, pem)));
  });

  test("an ed25519 key is one key in hex of either case and in PEM [T9]", () => {
    const pem = pemOf(createPrivateKey("ed25519"));
    const { public: hex } = keyFromPem(pem);
    const spellings = [hex, hex.toUpperCase(), pem].map((text) => keyMaterial(key("ed25519", "ed25519", text)));
    expect(hex).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(spellings).size).toBe(1);
  });

  test("an RSA key is one key in SPKI and PKCS#1 and under every PSS scheme [T9]", () => {
    const privateKey = createPrivateKey("rsa");
    const pkcs1 = createPublicKey(privateKey).export({ format: "pem", type: "pkcs1" }).toString();
    const materials = [
      keyMaterial(key("rsa", "rsassa-pss-sha256", pemOf(privateKey))),
      keyMaterial(key("rsa", "rsassa-pss-sha512", pemOf(privateKey))),
      keyMaterial(key("rsa", "rsassa-pss-sha256", pkcs1)),
      keyMaterial(keyFromPem(pkcs1)),
    ];
    expect(materials[0]).toBeDefined();
    expect(new Set(materials).size).toBe(1);
  });

  test("a key whose type, scheme and material disagree is not usable [T25]", () => {
    const rsa = pemOf(createPrivateKey("rsa"));
    const p256 = pemOf(createPrivateKey("ecdsa-p256"));
    const p384 = pemOf(createPrivateKey("ecdsa-p384"));
    const wrong = [
      key("ed25519", "ed25519", rsa),
      key("rsa", "rsassa-pss-sha256", p256),
      key("rsa", "ed25519", rsa),
      key("ed25519", "ecdsa-sha2-nistp256", p256),
      key("ecdsa", "ecdsa-sha2-nistp256", p384),
      key("ecdsa", "ecdsa-sha2-nistp384", p256),
      key("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp256", p256),
      key("rsa", "rsa-pkcs1v15-sha256", rsa),
      key("ed25519", "ed25519", "ab".repeat(31)),
      key("ed25519", "ed25519", "ab".repeat(33)),
      key("ed25519", "ed25519", "zz".repeat(32)),
      key("ed25519", "ed25519", ""),
      key("ecdsa", "ecdsa-sha2-nistp256", `04${"00".repeat(64)}`),
      key("sigstore-oidc", "Fulcio", ""),
    ];
    expect(wrong.map(keyMaterial)).toEqual(wrong.map(() => undefined));
  });

  test("a PKCS#1 v1.5 signature does not verify for a PSS key [T25]", () => {
    const privateKey = createPrivateKey("rsa");
    const opened = findPublicKey(keyFromPem(pemOf(privateKey)));
    expect(opened?.verifies(payload, sign("sha256", payload, privateKey))).toBe(false);
  });

  test("RSA keys below 2048 bits are not usable", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    expectRefused(() => keyFromPem(pemOf(privateKey)), "TUF_KEY_INVALID");
  });

  test("a private key, a certificate's header and other text are not public keys", () => {
    const secret = createPrivateKey("ed25519").export({ format: "pem", type: "pkcs8" }).toString();
    for (const text of [secret, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "", "rubbish"]) {
      expectRefused(() => keyFromPem(text), "TUF_KEY_INVALID");
    }
    expect(keyMaterial(key("ed25519", "ed25519", secret))).toBeUndefined();
  });

  test("only private keys sign", () => {
    const publicKey = createPublicKey(createPrivateKey());
    expectRefused(() => createSigner(publicKey), "TUF_KEY_INVALID");
  });

  test("a key's id depends on its type, scheme and value only, not on other fields", () => {
    const plain = parseKey({
      keytype: "ed25519",
      scheme: "ed25519",
      keyval: { public: "edcd0a32a07dce33f7c7873aaffbff36d20ea30787574ead335eefd337e4dacd" },
    });
    const owned = parseKey({ ...encodeKey(plain), "x-tuf-on-ci-keyowner": "@fred" });
    expect(keyIdOf(owned)).toBe(keyIdOf(plain));
    const canonical = `{"keytype":"ed25519","keyval":{"public":"${plain.public}"},"scheme":"ed25519"}`;
    expect(keyIdOf(plain)).toBe(createHash("sha256").update(canonical).digest("hex"));
  });

  test.each<[string, Json]>([
    ["null", null],
    ["no keyval", { keytype: "a", scheme: "b" }],
    ["a keyval list", { keytype: "a", scheme: "b", keyval: [] }],
    ["a numeric type", { keytype: 1, scheme: "b", keyval: {} }],
    ["no scheme", { keytype: "a", keyval: {} }],
  ])("refuses a key that is %s [T12]", (_what, json) => {
    expectRefused(() => parseKey(json), "TUF_MALFORMED");
  });

  test("a key of an unknown type is parsed and encoded unchanged", () => {
    const json = {
      keytype: "sigstore-oidc",
      scheme: "Fulcio",
      keyval: { identity: "a@b", issuer: "c" },
      "x-y": { z: 1 },
    };
    expect(encodeKey(parseKey(json))).toEqual(json);
  });
});

test.for([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(31)}`,
  `26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85`,
])("an ed25519 key of small order (%s) is no key: anybody can sign for it [T182]", (hex) => {
  const key = parseKey({ keytype: "ed25519", scheme: "ed25519", keyval: { public: hex } });
  expect(keyMaterial(key)).toBeUndefined();
});
