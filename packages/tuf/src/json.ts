export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function parseJson(_file: Uint8Array): Json {
  throw new Error("not yet");
}
