/** `@dtuf/master/keys`: private keys at rest, as a publisher writes and reads them. */
export { encodePrivateKey, generatePrivateKey, parsePrivateKey, type UnlockOptions } from "./key-file.ts";
