/** Keys in a token: SoftHSM 2, through PKCS#11. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { openSigner, type OpenSignerOptions } from "@dtuf/signers";
import { keyFromPem, signDocument, specVersion, verifyDocument, type Document } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { createSoftHsm, type SoftHsm } from "@dtuf/testing/machines/softhsm";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

const keys = {
  p256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  p384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed25519: generateKeyPairSync("ed25519"),
};

const document: Document = {
  ...{ type: "targets", specVersion, version: 1, expires: new Date("2040-01-01"), targets: new Map() },
  unrecognized: {},
};

const directory = useDirectory("all tests");
let hsm: SoftHsm;

beforeAll(async () => {
  hsm = await createSoftHsm({ cacheDirectory: join(inject("cacheDirectory"), "debian"), directory });
  // The module reads the environment of this process.
  process.env["SOFTHSM2_CONF"] = hsm.configuration;
  for (const [label, { privateKey }] of Object.entries(keys)) {
    await hsm.importKey(label, 2, String(privateKey.export({ format: "pem", type: "pkcs8" })));
  }
});
afterAll(() => {
  delete process.env["SOFTHSM2_CONF"];
});

const options = (pin: string | undefined = hsm.pin): OpenSignerOptions => ({
  env: { DTUF_PKCS11_MODULE: hsm.module },
  secret: () => Promise.resolve(pin),
});

describe("hsm: a key in a token", () => {
  test.for(["p256", "p384", "ed25519"] as const)("of kind %s signs what clients verify", async (name) => {
    const signer = await openSigner(`hsm:2?label=${name}`, options());
    const pem = String(createPublicKey(keys[name].privateKey).export({ format: "pem", type: "spki" }));
    expect(signer.key).toEqual(keyFromPem(pem));
    const role = { keyIds: [signer.keyId], threshold: 1, unrecognized: {} };
    const file = await signDocument(document, [signer]);
    expect(verifyDocument(file, { keys: new Map([[signer.keyId, signer.key]]), role }, "targets").version).toBe(1);
  });

  test("is not signed with under a wrong PIN, which is tried once, nor without one", async () => {
    const wrong = await openSigner("hsm:2?label=p256", options("000000"));
    await expectRefused(signDocument(document, [wrong]), "SIGNER_REFUSED");
    const none = await openSigner("hsm:2?label=p256", options(""));
    await expectRefused(signDocument(document, [none]), "SIGNER_PASSPHRASE_MISSING");
  });

  test("is chosen by token and id: one that several tokens have, or none, is refused", async () => {
    await expectRefused(openSigner("hsm:2", options()), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("hsm:2?label=none", options()), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("hsm:7?label=p256", options()), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("hsm:2?pin-value=1", options()), "SIGNER_URI_INVALID");
    await expectRefused(openSigner("hsm:2", { env: {} }), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("hsm:2", { env: { PYKCS11LIB: "/nowhere.so" } }), "SIGNER_UNAVAILABLE");
  });

  test("in a token that is pulled out before it signs: an error that says so, and no file", async () => {
    const signer = await openSigner("hsm:2?label=p256", options());
    await hsm.unplug();
    await expectRefused(signDocument(document, [signer]), "SIGNER_NOT_FOUND");
  });
});
