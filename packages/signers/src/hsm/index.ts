/**
 * `hsm:KEYID?label=…`: a key in a token behind PKCS#11 (a YubiKey, an HSM, SoftHSM), in securesystemslib's spelling. KEYID is
 * the number of the key, 2 if it is left out (PIV slot 9c). `label`, `serialNumber`, `model` and `manufacturerID` choose the
 * token. The module's path is in PYKCS11LIB or DTUF_PKCS11_MODULE. Keys: ECDSA P-256 and P-384, ed25519.
 */
import { createHash, createPublicKey } from "node:crypto";
import { keyFromPem, keyIdOf, type Key } from "@dtuf/tuf";
import { inTime, type OpenScheme, type SignerContext, type SignerUri } from "../context.ts";
import { SignerError } from "../errors.ts";
import { derOfRaw } from "../keys/der-signature.ts";
import { loadModule, type Call } from "./native.ts";
import { jwkOfPoint } from "./points.ts";
import { ck, findObject, findSlot, login, readAttribute, run, withSession, type TokenFilter } from "./token.ts";

export const openHsm: OpenScheme = async (uri, context) => {
  const { id, filter } = parseHsmUri(uri);
  const path = context.env["DTUF_PKCS11_MODULE"] ?? context.env["PYKCS11LIB"] ?? "";
  if (path === "") {
    throw new SignerError("SIGNER_NOT_FOUND", "DTUF_PKCS11_MODULE must name the PKCS#11 module, such as libykcs11.so");
  }
  const token = { path, id, filter };
  const key = await inTime("the token", context, () => readPublicKey(token));
  return { key, keyId: keyIdOf(key), sign: (payload) => sign(token, { key, payload, context }) };
};

interface Token {
  readonly path: string;
  readonly id: number;
  readonly filter: TokenFilter;
}

const filters: ReadonlySet<string> = new Set(["label", "manufacturerID", "model", "serialNumber"]);

function parseHsmUri({ rest, text }: SignerUri): Pick<Token, "id" | "filter"> {
  const [, id = "2", query = ""] = /^([0-9]{1,3})?(?:\?(.*))?$/.exec(rest) ?? [undefined, "999"];
  const filter = Object.fromEntries(new URLSearchParams(query));
  if (Number(id) <= 255 && Object.keys(filter).every((name) => filters.has(name))) return { id: Number(id), filter };
  throw new SignerError("SIGNER_URI_INVALID", `${text}: wanted hsm:KEYID?label=LABEL, with a KEYID from 0 to 255`);
}

async function readPublicKey({ path, id, filter }: Token): Promise<Key> {
  const call = await loadModule(path);
  return withSession(call, await findSlot(call, filter), async (session) => {
    const object = await findObject(call, session, { kind: ck.publicKey, id });
    const params = await readAttribute(call, session, { object, type: ck.ecParams });
    const point = await readAttribute(call, session, { object, type: ck.ecPoint });
    const jwk = jwkOfPoint(params, point);
    if (jwk === undefined) {
      throw new SignerError("SIGNER_KEY_INVALID", `key ${id} of the token is neither ECDSA P-256 or P-384 nor ed25519`);
    }
    return keyFromPem(String(createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" })));
  });
}

interface Wanted {
  readonly key: Key;
  readonly payload: Uint8Array;
  readonly context: SignerContext;
}

async function sign({ path, id, filter }: Token, { key, payload, context }: Wanted): Promise<Uint8Array> {
  const pin = await context.secret?.({ secret: "pin", of: filter.label ?? "the token", refused: 0 });
  if (pin === undefined || pin === "") {
    throw new SignerError("SIGNER_PASSPHRASE_MISSING", "the token needs its PIN, and none was given");
  }
  return inTime("the token", context, async () => {
    const call = await loadModule(path);
    return withSession(call, await findSlot(call, filter), async (session) => {
      await login(call, session, pin);
      try {
        return await signInSession(call, session, { id, key, payload });
      } finally {
        await call("C_Logout", session);
      }
    });
  });
}

async function signInSession(
  call: Call,
  session: number,
  { id, key, payload }: Pick<Wanted, "key" | "payload"> & { readonly id: number },
): Promise<Uint8Array> {
  const isEdwards = key.keyType === "ed25519";
  const digest = key.scheme.endsWith("384") ? "sha384" : "sha256";
  const data = isEdwards ? Buffer.from(payload) : createHash(digest).update(payload).digest();
  const mechanism = isEdwards ? ck.mechanismEddsa : ck.mechanismEcdsa;
  const object = await findObject(call, session, { kind: ck.privateKey, id });
  await run(call, "C_SignInit", session, { mechanism, parameter: null, length: 0 }, object);
  const [signature, length] = [Buffer.alloc(512), [512]];
  await run(call, "C_Sign", session, data, data.length, signature, length);
  const raw = signature.subarray(0, Number(length[0]));
  return isEdwards ? raw : derOfRaw(raw);
}
