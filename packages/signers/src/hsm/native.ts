/**
 * The functions of a PKCS#11 module (PKCS#11 2.40), called through koffi, which ships prebuilt binaries. Each runs on a
 * thread of its own, because a token may wait for a touch.
 */
import { EOL } from "node:os";
import { SignerError } from "../errors.ts";
import { loadPeer } from "../peer-module.ts";

/** The part of koffi that is used. */
interface Koffi {
  load(path: string): { func(prototype: string): NativeFunction };
  struct(name: string, fields: Readonly<Record<string, string>>): unknown;
  pack(name: string, fields: Readonly<Record<string, string>>): unknown;
}

interface NativeFunction {
  async(...args: readonly unknown[]): void;
}

export interface Attribute {
  readonly type: number;
  /** To look for; or the room for an answer. */
  value: Uint8Array | null;
}

/** Returns a code of PKCS#11: 0 means done. */
export type Call = (name: FunctionName, ...args: readonly unknown[]) => Promise<number>;

const prototypes = {
  C_Initialize: "ulong C_Initialize(void *args)",
  C_GetSlotList: "ulong C_GetSlotList(uint8 present, _Out_ ulong *slots, _Inout_ ulong *count)",
  C_GetTokenInfo: "ulong C_GetTokenInfo(ulong slot, _Out_ uint8 *info)",
  C_OpenSession: "ulong C_OpenSession(ulong slot, ulong flags, void *app, void *notify, _Out_ ulong *session)",
  C_CloseSession: "ulong C_CloseSession(ulong session)",
  C_Login: "ulong C_Login(ulong session, ulong user, uint8 *pin, ulong length)",
  C_Logout: "ulong C_Logout(ulong session)",
  C_FindObjectsInit: "ulong C_FindObjectsInit(ulong session, DTUF_CK_ATTRIBUTE *template, ulong count)",
  C_FindObjects: "ulong C_FindObjects(ulong session, _Out_ ulong *objects, ulong most, _Out_ ulong *count)",
  C_FindObjectsFinal: "ulong C_FindObjectsFinal(ulong session)",
  C_GetAttributeValue:
    "ulong C_GetAttributeValue(ulong session, ulong object, _Inout_ DTUF_CK_ATTRIBUTE *template, ulong count)",
  C_SignInit: "ulong C_SignInit(ulong session, DTUF_CK_MECHANISM *mechanism, ulong key)",
  C_Sign: "ulong C_Sign(ulong session, uint8 *data, ulong length, _Out_ uint8 *signature, _Inout_ ulong *made)",
} as const;

export type FunctionName = keyof typeof prototypes;

const attributeFields = { type: "ulong", value: "void *", length: "ulong" };
const mechanismFields = { mechanism: "ulong", parameter: "void *", length: "ulong" };

/** A module is loaded once in a process, and stays: unloading it takes it from others that use it. */
const loaded = new Map<string, Promise<Call>>();
let types: Promise<Koffi> | undefined;

/** @throws SignerError SIGNER_UNAVAILABLE if koffi or the module cannot be loaded */
export function loadModule(path: string): Promise<Call> {
  const known = loaded.get(path) ?? openModule(path);
  loaded.set(path, known);
  known.catch(() => loaded.delete(path));
  return known;
}

async function openModule(path: string): Promise<Call> {
  types ??= loadKoffi();
  const koffi = await types;
  const functions = loadFunctions(koffi, path);
  const call: Call = (name, ...args) =>
    new Promise((resolve, reject) => {
      functions.get(name)?.async(...args, (error: unknown, code: number | bigint) => {
        if (error === null || error === undefined) resolve(Number(code));
        else reject(error instanceof Error ? error : new SignerError("SIGNER_UNAVAILABLE", `${name} cannot be called`));
      });
    });
  const code = await call("C_Initialize", null);
  const alreadyInitialized = 0x191;
  if (code === 0 || code === alreadyInitialized) return call;
  throw new SignerError("SIGNER_UNAVAILABLE", `the PKCS#11 module ${path} does not start: code 0x${code.toString(16)}`);
}

function loadFunctions(koffi: Koffi, path: string): ReadonlyMap<string, NativeFunction> {
  try {
    const library = koffi.load(path);
    return new Map(Object.entries(prototypes).map(([name, prototype]) => [name, library.func(prototype)]));
  } catch (cause) {
    throw new SignerError("SIGNER_UNAVAILABLE", `the PKCS#11 module ${path} cannot be loaded`, { cause });
  }
}

async function loadKoffi(): Promise<Koffi> {
  const koffi = await loadPeer<Koffi>("koffi");
  // On Windows, PKCS#11 packs its structures.
  const kind = isWindows() ? "pack" : "struct";
  koffi[kind]("DTUF_CK_ATTRIBUTE", attributeFields);
  koffi[kind]("DTUF_CK_MECHANISM", mechanismFields);
  return koffi;
}

function isWindows(): boolean {
  return EOL === "\r\n";
}
