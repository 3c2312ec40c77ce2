/** One session with a token: finds keys by their id and signs. */
import { SignerError } from "../errors.ts";
import type { Call, FunctionName } from "./native.ts";

/** Numbers of PKCS#11 2.40 and 3.0. */
export const ck = {
  class: 0x0,
  keyType: 0x100,
  id: 0x102,
  ecParams: 0x180,
  ecPoint: 0x181,
  publicKey: 2,
  privateKey: 3,
  keyTypeEc: 3,
  keyTypeEdwards: 0x40,
  mechanismEcdsa: 0x1041,
  mechanismEddsa: 0x1057,
} as const;

const serialSession = 0x4;
const normalUser = 1;

const meanings: Readonly<Record<number, readonly [SignerError["code"], string]>> = {
  0x30: ["SIGNER_UNAVAILABLE", "the device reports an error"],
  0x32: ["SIGNER_UNAVAILABLE", "the device was removed"],
  0xa0: ["SIGNER_REFUSED", "the PIN is wrong"],
  0xa1: ["SIGNER_REFUSED", "the PIN is wrong"],
  0xa2: ["SIGNER_REFUSED", "the PIN is too long or too short"],
  0xa4: ["SIGNER_REFUSED", "the PIN is locked"],
  0xe0: ["SIGNER_UNAVAILABLE", "the token is not there"],
};

/** @throws SignerError for every code but 0 and those that are allowed */
export async function run(call: Call, name: FunctionName, ...args: readonly unknown[]): Promise<void> {
  const code = await call(name, ...args);
  if (code === 0) return;
  const [kind, why] = meanings[code] ?? ["SIGNER_UNAVAILABLE", `code 0x${code.toString(16)}`];
  throw new SignerError(kind, `${name} of the token failed: ${why}`, { details: { code } });
}

export interface TokenFilter {
  readonly label?: string | undefined;
  readonly manufacturerID?: string | undefined;
  readonly model?: string | undefined;
  readonly serialNumber?: string | undefined;
}

/** The slot of the one token that the filter fits. @throws SignerError SIGNER_NOT_FOUND, SIGNER_UNAVAILABLE */
export async function findSlot(call: Call, filter: TokenFilter): Promise<number> {
  const slots = await listSlots(call);
  const fitting: number[] = [];
  for (const slot of slots) {
    const info = new Uint8Array(tokenInfoBytes);
    // A reader may be empty or broken beside one that works.
    if ((await call("C_GetTokenInfo", slot, info)) !== 0) continue;
    const fits = Object.entries(filter).every(([field, wanted]) => readField(info, field) === wanted);
    if (isInitialized(info) && fits) fitting.push(slot);
  }
  const [slot] = fitting;
  if (slot !== undefined && fitting.length === 1) return slot;
  throw new SignerError(
    "SIGNER_NOT_FOUND",
    fitting.length === 0 ? "no token that fits is plugged in" : `${fitting.length} tokens fit: name one by its label`,
    { details: { slots: slots.length } },
  );
}

async function listSlots(call: Call): Promise<readonly number[]> {
  const slotsMax = 256;
  const [slots, count] = [new Array<number>(slotsMax).fill(0), [slotsMax]];
  await run(call, "C_GetSlotList", 1, slots, count);
  return slots.slice(0, Number(count[0])).map(Number);
}

/** CK_TOKEN_INFO on the largest platform; only its first fields are read. */
const tokenInfoBytes = 512;

const textFields: Readonly<Record<string, readonly [number, number]>> = {
  label: [0, 32],
  manufacturerID: [32, 64],
  model: [64, 80],
  serialNumber: [80, 96],
};

function readField(info: Uint8Array, field: string): string | undefined {
  const [from, to] = textFields[field] ?? [0, 0];
  return Buffer.from(info.subarray(from, to)).toString("utf8").trimEnd();
}

function isInitialized(info: Uint8Array): boolean {
  const tokenInitialized = 0x400;
  return (Buffer.from(info).readUInt32LE(96) & tokenInitialized) !== 0;
}

/** Runs the work in a session, which is closed afterwards. */
export async function withSession<Result>(
  call: Call,
  slot: number,
  work: (session: number) => Promise<Result>,
): Promise<Result> {
  const handle = [0];
  await run(call, "C_OpenSession", slot, serialSession, null, null, handle);
  const session = Number(handle[0]);
  try {
    return await work(session);
  } finally {
    await call("C_CloseSession", session);
  }
}

/** Never tried twice: a token locks itself after a few wrong PINs. @throws SignerError SIGNER_REFUSED */
export async function login(call: Call, session: number, pin: string): Promise<void> {
  const bytes = Buffer.from(pin, "utf8");
  const code = await call("C_Login", session, normalUser, bytes, bytes.length);
  const alreadyLoggedIn = 0x100;
  bytes.fill(0);
  if (code !== alreadyLoggedIn) await run(() => Promise.resolve(code), "C_Login");
}

/** The one object of the class with the id. @throws SignerError SIGNER_NOT_FOUND */
export async function findObject(call: Call, session: number, wanted: { kind: number; id: number }): Promise<number> {
  const template = [attribute(ck.class, encodeUlong(wanted.kind)), attribute(ck.id, Buffer.of(wanted.id))];
  await run(call, "C_FindObjectsInit", session, template, template.length);
  const [objects, count] = [[0, 0], [0]];
  await run(call, "C_FindObjects", session, objects, objects.length, count);
  await run(call, "C_FindObjectsFinal", session);
  if (Number(count[0]) === 1) return Number(objects[0]);
  const what = wanted.kind === ck.publicKey ? "public" : "private";
  throw new SignerError(
    "SIGNER_NOT_FOUND",
    `the token has ${Number(count[0])} ${what} keys of id ${wanted.id}; wanted 1`,
  );
}

/** @throws SignerError */
export async function readAttribute(
  call: Call,
  session: number,
  { object, type }: { readonly object: number; readonly type: number },
): Promise<Buffer> {
  const room = Buffer.alloc(1024);
  const template = [attribute(type, room)];
  await run(call, "C_GetAttributeValue", session, object, template, 1);
  return room.subarray(0, Number(template[0]?.length));
}

function attribute(type: number, value: Buffer): { type: number; value: Buffer; length: number } {
  return { type, value, length: value.length };
}

/** CK_ULONG has 4 bytes on Windows and 8 elsewhere; a value may be shorter than the room that is given. */
function encodeUlong(value: number): Buffer {
  const bytes = Buffer.alloc(ulongBytes);
  bytes.writeUInt32LE(value);
  return bytes;
}

const ulongBytes = 8;
